import type { Reranker, RerankOptions } from '../../common/types.js';
import type { PublishedScore } from './published-scores.js';

/**
 * How far logits may be from the published ones. Those are of models in fp32 or fp16, this one has int8 weights. Of three
 * other pairs scores of 8-bit runtimes were published side by side; their logits differ by 0.01, 0.78 and 1.57. A wrong
 * tokenizer, pairing or layout is off by more.
 */
export const tolerance = { pair: 2, mean: 0.8 } as const;

/** A published score beside the one that was computed; as logits, because the sigmoid hides differences at its ends. */
export interface ComparedScore extends PublishedScore {
  expectedLogit: number;
  logit: number;
  /** `logit` less `expectedLogit`. */
  difference: number;
  /** Within the tolerance for a pair. */
  passed: boolean;
}

export interface Comparison {
  tolerance: typeof tolerance;
  rows: ComparedScore[];
  /** Largest and mean absolute difference. */
  worst: number;
  mean: number;
  /** All pairs and the mean are within the tolerance. */
  passed: boolean;
}

/** Scores the pairs and sets the results beside what was published. */
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
