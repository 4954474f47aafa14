/** Indices of `scores`, best first. Equal scores keep the order of their indices. */
export function order(scores) {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
}

/** 1 / the place of the first relevant document, 0 where there is none. `ranking` and `relevant` hold indices. */
export function reciprocalRank(ranking, relevant) {
  const place = ranking.findIndex((index) => relevant.includes(index));
  return place < 0 ? 0 : 1 / (place + 1);
}

/** nDCG of the first `depth` places: a relevant document counts 1, every other 0; 1 is the best order there can be. */
export function ndcg(ranking, relevant, depth = 10) {
  const gain = (place) => 1 / Math.log2(place + 2);
  let found = 0;
  for (const [place, index] of ranking.slice(0, depth).entries()) if (relevant.includes(index)) found += gain(place);
  let best = 0;
  for (let place = 0; place < Math.min(depth, relevant.length); place++) best += gain(place);
  return best === 0 ? 0 : found / best;
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
