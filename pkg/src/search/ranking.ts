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

/** The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009). */
const fusionConstant = 60;

/** The score of a place by reciprocal rank fusion. */
export function reciprocal(rank: number): number {
  return 1 / (fusionConstant + rank);
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

/** Puts two lists together by reciprocal rank fusion, and keeps the best. */
export function fused(lists: readonly Candidate[][], count: number): Candidate[] {
  const together = new Map<string, Candidate>();
  for (const list of lists) {
    for (const [index, candidate] of list.entries()) {
      const key = `${candidate.entry.order}/${candidate.start}`;
      const { score, stages } = together.get(key) ?? { score: 0, stages: {} };
      const sum = { score: score + reciprocal(index + 1), stages: { ...stages, ...candidate.stages } };
      together.set(key, { ...candidate, ...sum });
    }
  }
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
