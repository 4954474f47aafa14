/** Returns the indices of `scores`, best first. Equal scores keep the order of their indices. */
export function order(scores) {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
}

/** Returns 1 / the place of the first relevant document, or 0 without one. `ranking` and `relevant` hold indices. */
export function reciprocalRank(ranking, relevant) {
  const place = ranking.findIndex((index) => relevant.includes(index));
  return place < 0 ? 0 : 1 / (place + 1);
}

/** Returns nDCG of the first `depth` places. A relevant document counts 1, every other 0; the best order scores 1. */
export function ndcg(ranking, relevant, depth = 10) {
  const gain = (place) => 1 / Math.log2(place + 2);
  let found = 0;
  for (const [place, index] of ranking.slice(0, depth).entries()) if (relevant.includes(index)) found += gain(place);
  let best = 0;
  for (let place = 0; place < Math.min(depth, relevant.length); place++) best += gain(place);
  return best === 0 ? 0 : found / best;
}

/** Returns the arithmetic mean, or NaN for an empty list. */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
