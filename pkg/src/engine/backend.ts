import type { RerankerStatistics } from '../common/types.js';
import type { RankedDocument, TextWindow } from '../wasm/bindings.js';

/** Scores each text as a document against the query. */
export interface ScoreRequest {
  kind: 'score';
  query: string;
  maxTokens: number | undefined;
  /** Long documents are scored in windows instead of being cut. */
  chunk: boolean;
}

/** Turns each text into a vector. */
export interface EmbedRequest {
  kind: 'embed';
  maxTokens: number | undefined;
}

/** Cuts each text into windows of `maxTokens` tokens that share `overlap` tokens. */
export interface SplitRequest {
  kind: 'split';
  maxTokens: number | undefined;
  overlap: number;
}

/** What a model does with each text of a call. */
export type TextRequest = ScoreRequest | EmbedRequest | SplitRequest;

/** A document with its score, as the engine returns it. */
export type ScoredDocument = RankedDocument;

/** A text with its vector of length 1. */
export interface EmbeddedText {
  index: number;
  tokens: number;
  truncated: boolean;
  vector: Float32Array<ArrayBuffer>;
}

/** A text with its windows, in UTF-16 code units. */
export interface SplitText {
  index: number;
  windows: TextWindow[];
}

/** What a model returns for a text. */
export type TextResult = ScoredDocument | EmbeddedText | SplitText;

/** What a model returns for a text of such a request. */
export type ResultOf<Request extends TextRequest> = Request extends ScoreRequest
  ? ScoredDocument
  : Request extends EmbedRequest
    ? EmbeddedText
    : SplitText;

/** A text, or for an embedding model the ids of its tokens as the model takes them. */
export type TaskText = string | Uint32Array<ArrayBuffer>;

/** A call; its arguments are checked and copied. */
export interface TextTask<Request extends TextRequest = TextRequest> {
  request: Request;
  texts: TaskText[];
  /**
   * Receives the result of each text once, in the order of the list. If it throws, the call fails: the mistake is the
   * caller's. As a method, it lets a task of one kind be a task of any kind.
   */
  onResult(result: ResultOf<Request>): void;
  signal: AbortSignal | undefined;
}

export type ScoreTask = TextTask<ScoreRequest>;

export type EmbedTask = TextTask<EmbedRequest>;

export type SplitTask = TextTask<SplitRequest>;

/** Facts about a loaded model. */
export interface ModelStatistics extends RerankerStatistics {
  /** How many numbers a vector has; undefined for a reranker. */
  dimensions?: number | undefined;
}

/** A loaded model, in place or in a worker. Tasks may overlap; they take turns. */
export interface Backend {
  /** Settles when `onResult` has received the result of every text. */
  run(task: TextTask): Promise<void>;
  statistics(): Promise<ModelStatistics>;
  /** Fails every task, under way or later, with `disposed`. It may be called twice. */
  dispose(): Promise<void>;
}
