import type { RerankerStatistics, RerankProgress } from './types.js';
import type { RankedDocument } from './wasm/bindings.js';

/** A call with its arguments checked and copied. */
export interface ScoreTask {
  query: string;
  texts: string[];
  topN: number | undefined;
  maxTokens: number | undefined;
  /** Long documents are scored in windows instead of being cut. */
  chunk: boolean;
  onProgress: ((progress: RerankProgress) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** A loaded model, here or in a worker. Tasks may overlap; they are served in the order they came. */
export interface Backend {
  score(task: ScoreTask): Promise<RankedDocument[]>;
  statistics(): Promise<RerankerStatistics>;
  /** Settles every task with `disposed`, and every later one. May be called twice. */
  dispose(): Promise<void>;
}
