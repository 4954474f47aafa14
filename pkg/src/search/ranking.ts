import type { SearchDocument, SearchHit, SearchStages } from './types.js';

/** A passage on its way through the stages. */
export interface Candidate {
  /** The document it belongs to. Later documents have higher numbers. */
  entry: { document: SearchDocument; readonly order: number };
  start: number;
  end: number;
  score: number;
  stages: SearchStages;
}

/** Orders what a stage found, and keeps the best. */
export function ranked(
  stage: keyof SearchStages,
  found: readonly Omit<Candidate, 'stages'>[],
  count: number,
): Candidate[] {
  const best = [...found].sort(byScore).slice(0, count);
  return best.map((candidate, index) => ({
    ...candidate,
    stages: { [stage]: { rank: index + 1, score: candidate.score } },
  }));
}

/**
 * Puts what keywords and vectors found together by the mean of both scores, each scaled to 0 to 1, and keeps the best. A
 * score of words is divided by `mostOfWords`, which a passage with every word of the query could have. So it counts little
 * where a passage has few of them. Of the cosines, the highest in the list counts 1 and the lowest 0. What a list lacks counts 0.
 *
 * A sum of scaled scores ranks better than reciprocal ranks: Bruch, Gai and Ingber, An Analysis of Fusion Functions for
 * Hybrid Retrieval, 2023. How scores of words are scaled is ours.
 */
export function fused(
  words: readonly Candidate[],
  mostOfWords: number,
  near: readonly Candidate[],
  count: number,
): Candidate[] {
  // Both lists are in their order.
  const least = near.at(-1)?.score ?? 0;
  const range = (near[0]?.score ?? 0) - least;
  const together = new Map<string, Candidate>();
  const take = (list: readonly Candidate[], scaled: (score: number) => number) => {
    for (const candidate of list) {
      const key = `${candidate.entry.order}/${candidate.start}`;
      const { score, stages } = together.get(key) ?? { score: 0, stages: {} };
      const sum = { score: score + scaled(candidate.score) / 2, stages: { ...stages, ...candidate.stages } };
      together.set(key, { ...candidate, ...sum });
    }
  };
  take(words, (score) => score / mostOfWords);
  take(near, (score) => (range > 0 ? (score - least) / range : 1));
  return withStage('fused', [...together.values()].sort(byScore).slice(0, count));
}

/** Notes a stage's rank and score in candidates that are in its order. */
export function withStage(stage: keyof SearchStages, candidates: readonly Candidate[]): Candidate[] {
  return candidates.map((candidate, index) => ({
    ...candidate,
    stages: { ...candidate.stages, [stage]: { rank: index + 1, score: candidate.score } },
  }));
}

/** Returns one hit for each document: its best passage. */
export function hitsOf(candidates: readonly Candidate[], limit: number): SearchHit<SearchDocument>[] {
  const hits = new Map<string, SearchHit<SearchDocument>>();
  for (const { entry, start, end, score, stages } of candidates) {
    if (hits.size === limit) break;
    const { document } = entry;
    const { id } = document;
    if (!hits.has(id)) hits.set(id, { id, document, chunk: { start, end }, score, stages });
  }
  return [...hits.values()];
}

function byScore(a: Omit<Candidate, 'stages'>, b: Omit<Candidate, 'stages'>): number {
  return b.score - a.score || a.entry.order - b.entry.order || a.start - b.start;
}
