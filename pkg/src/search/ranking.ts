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
 * The weight of vectors beside keywords. A sum of scaled scores ranks better than reciprocal ranks, and 0.8 fits sources
 * of many kinds. The method is that of Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, 2023.
 */
const vectorWeight = 0.8;

/**
 * Puts what keywords and vectors found together by a weighted sum of both scores, and keeps the best. The best score of
 * each list counts 1. The lowest cosine of the list counts 0, and so does what a list lacks.
 */
export function fused(words: readonly Candidate[], near: readonly Candidate[], count: number): Candidate[] {
  // Both lists are in their order.
  const highest = words[0]?.score ?? 1;
  const least = near.at(-1)?.score ?? 0;
  const range = (near[0]?.score ?? 0) - least;
  const together = new Map<string, Candidate>();
  const take = (list: readonly Candidate[], weigh: (score: number) => number) => {
    for (const candidate of list) {
      const key = `${candidate.entry.order}/${candidate.start}`;
      const { score, stages } = together.get(key) ?? { score: 0, stages: {} };
      const sum = { score: score + weigh(candidate.score), stages: { ...stages, ...candidate.stages } };
      together.set(key, { ...candidate, ...sum });
    }
  };
  take(words, (score) => (1 - vectorWeight) * (score / highest));
  take(near, (score) => vectorWeight * (range > 0 ? (score - least) / range : 1));
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
