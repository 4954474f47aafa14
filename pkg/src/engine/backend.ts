import type { RerankerStatistics } from '../common/types.js';
import type { RankedDocument } from '../wasm/bindings.js';

/** A document with its score, as the engine gives it. */
export type ScoredDocument = RankedDocument;

/** A call with its arguments checked and copied. */
export interface ScoreTask {
  query: string;
  texts: string[];
  maxTokens: number | undefined;
  /** Long documents are scored in windows instead of being cut. */
  chunk: boolean;
  /** Told of each document once, in the order of the list. What it throws is the caller's mistake and fails the call. */
  onScored: (document: ScoredDocument) => void;
  signal: AbortSignal | undefined;
}

/** A loaded model, here or in a worker. Tasks may overlap; they take turns. */
export interface Backend {
  /** Settles when every document has been told. */
  score(task: ScoreTask): Promise<void>;
  statistics(): Promise<RerankerStatistics>;
  /** Settles every task with `disposed`, and every later one. May be called twice. */
  dispose(): Promise<void>;
}
