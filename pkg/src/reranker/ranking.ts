import type { ScoredDocument } from '../engine/backend.js';

/** Best first by logit, ties by index, at most `topN`. */
export function rank(documents: readonly ScoredDocument[], topN: number | undefined): ScoredDocument[] {
  return [...documents].sort((left, right) => right.logit - left.logit || left.index - right.index).slice(0, topN);
}
