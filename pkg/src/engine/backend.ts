import type { RerankerStatistics } from '../common/types.js';
import type { RankedDocument } from '../wasm/bindings.js';

/** A document with its score, as the engine returns it. */
export type ScoredDocument = RankedDocument;

/** A call; its arguments are checked and copied. */
export interface ScoreTask {
  query: string;
  texts: string[];
  maxTokens: number | undefined;
  /** Long documents are scored in windows instead of being cut. */
  chunk: boolean;
  /**
   * Receives each document once, in the order of the list. If it throws, the call fails: the mistake is the caller's.
   */
  onScored: (document: ScoredDocument) => void;
  signal: AbortSignal | undefined;
}

/** A loaded model, in place or in a worker. Tasks may overlap; they take turns. */
export interface Backend {
  /** Settles when `onScored` has received every document. */
  score(task: ScoreTask): Promise<void>;
  statistics(): Promise<RerankerStatistics>;
  /** Fails every task, under way or later, with `disposed`. It may be called twice. */
  dispose(): Promise<void>;
}
