import type { Reranker, RerankOptions } from '../../common/types.js';
import type { PublishedScore } from './published-scores.js';

/**
 * The largest distances of logits from the published ones. Those are of fp32 or fp16 models; this one has int8 weights.
 * For three other pairs, published scores of 8-bit runtimes differ by 0.01, 0.78 and 1.57. A wrong tokenizer, pairing
 * or layout differs by more.
 */
export const tolerance = { pair: 2, mean: 0.8 } as const;

/** A published score beside the computed one. Both are logits, because the sigmoid hides differences near 0 and 1. */
export interface ComparedScore extends PublishedScore {
  expectedLogit: number;
  logit: number;
  /** `logit - expectedLogit`. */
  difference: number;
  /** True within the tolerance of a pair. */
  passed: boolean;
}

export interface Comparison {
  tolerance: typeof tolerance;
  rows: ComparedScore[];
  /** Largest and mean absolute difference. */
  worst: number;
  mean: number;
  /** True if all pairs and the mean are within the tolerance. */
  passed: boolean;
}

/** Scores the pairs and compares the results with the published scores. */
export async function compareScores(
  reranker: Pick<Reranker, 'rerank'>,
  published: readonly PublishedScore[],
  { signal, onProgress }: Pick<RerankOptions, 'signal' | 'onProgress'> = {},
): Promise<Comparison> {
  const rows: ComparedScore[] = [];
  for (const score of published) {
    const [result] = await reranker.rerank(score.query, [score.document], { signal });
    rows.push(compare(score, result?.logit ?? Number.NaN));
    onProgress?.({ done: rows.length, total: published.length });
  }
  const differences = rows.map(({ difference }) => Math.abs(difference));
  const worst = Math.max(...differences);
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
  const passed = rows.every((row) => row.passed) && mean <= tolerance.mean;
  return { tolerance, rows, worst, mean, passed };
}

function compare(published: PublishedScore, logit: number): ComparedScore {
  const { kind, expected } = published;
  const expectedLogit = kind === 'logit' ? expected : Math.log(expected / (1 - expected));
  const difference = logit - expectedLogit;
  return { ...published, expectedLogit, logit, difference, passed: Math.abs(difference) <= tolerance.pair };
}
