import type { EmbeddingPrompts, Pooling } from './embedding-use.js';
import type { AbortSignal, URL } from './globals.js';
import type { ModelOptions } from './loading.js';
import type { ModelSource } from './model-source.js';
import type { RerankerStatistics, RerankProgress } from './types.js';

/**
 * How an embedding model is loaded and where it runs: the options of `createReranker`, and how the model is used. A
 * repository of Sentence Transformers says that in its files; of well-known models the package knows it.
 *
 * @example
 * const embedder = await createEmbedder({ model: 'multilingual-e5-small' });
 */
export interface EmbedderOptions extends ModelOptions {
  /**
   * As for `createReranker`: a published name, a repository of the Hugging Face hub, a URL, a directory, a bundle or a
   * {@link ModelSource}.
   *
   * Default: `'bge-small-en-v1.5'`. Other published names: `'all-MiniLM-L6-v2'`, `'multilingual-e5-small'`, `'bge-m3'`
   * (its dense vectors). They are not pinned: their files are taken as the hub has them.
   *
   * @example
   * model: 'sentence-transformers/all-mpnet-base-v2'
   */
  model?: string | URL | ModelSource;
  /**
   * How the vectors of all tokens become one. Default: what the model's files say, else what the package knows of the
   * model, else `'mean'` with the warning `pooling_assumed`. A graph that pools by itself ignores it.
   *
   * @example
   * pooling: 'cls'
   */
  pooling?: Pooling;
  /**
   * What is put before texts. Default: what the model's files say, else what the package knows of the model, else
   * nothing.
   *
   * @example
   * prompts: { query: 'query: ', document: 'passage: ' }
   */
  prompts?: EmbeddingPrompts;
}

/** How texts are embedded. Unknown names are refused with `invalid_input`. */
export interface EmbedOptions {
  /**
   * What the texts are for. Many models put another prompt before a query than before a document. Default: `'document'`.
   *
   * @example
   * kind: 'query'
   */
  kind?: 'query' | 'document';
  /**
   * Put before each text in place of the prompt of `kind`; empty for none.
   *
   * @example
   * prompt: 'clustering: '
   */
  prompt?: string;
  /**
   * Cuts each vector to so many numbers and scales it to length 1 again. Only models that were trained for it (Matryoshka)
   * keep their quality. Default and most: all numbers.
   *
   * @example
   * dimensions: 256
   */
  dimensions?: number;
  /**
   * Longest text in tokens, special tokens and prompt included. Longer texts lose their end. Default and most: what the
   * model takes.
   *
   * @example
   * maxTokens: 256
   */
  maxTokens?: number;
  /**
   * Receives the progress. If it throws, the call fails with `invalid_input`, and the error is the `cause`.
   *
   * @example
   * onProgress: ({ done, total }) => (bar.value = done / total)
   */
  onProgress?: (progress: RerankProgress) => void;
  /**
   * Aborts a waiting call at once, and a running one before its next text (short texts run a few at a time). In workerd it
   * aborts waiting calls only.
   *
   * @example
   * signal: AbortSignal.timeout(5_000)
   */
  signal?: AbortSignal;
}

/** The vectors of a list of texts. Each list has a member for each text, in the same order. */
export interface Embeddings {
  /** Vectors of length 1, in single precision. */
  embeddings: Float32Array<ArrayBuffer>[];
  /** Tokens of each text as the model saw it, prompt and special tokens included. */
  tokens: number[];
  /** True for a text that was cut to fit. */
  truncated: boolean[];
}

/** A text, or the ids of its tokens by the model's tokenizer, special tokens included. Ids have no prompt. */
export type EmbeddableText = string | readonly number[] | Uint32Array;

/** How a text is cut into passages. */
export interface SplitOptions {
  /** Longest passage in tokens, special tokens included. Default and most: what the model takes. */
  maxTokens?: number;
  /** How many tokens a passage shares with the one before. Default: an eighth of its tokens. */
  overlap?: number;
  /** Aborts as in {@link EmbedOptions}. */
  signal?: AbortSignal;
}

/** Facts about a loaded embedding model. */
export interface EmbedderStatistics extends RerankerStatistics {
  /** How many numbers a vector has. */
  dimensions: number;
  /** How the vectors of all tokens become one. */
  pooling: Pooling;
}

/**
 * A loaded embedding model. Calls may overlap; they take turns. A vector depends on its text alone: its bits are the same
 * in any list, on any number of threads and in every runtime.
 *
 * If the engine crashes or runs out of memory, only the call that caused it fails. The methods need no `this`.
 */
export interface Embedder {
  /**
   * Turns texts into vectors. A text that occurs several times in the list is embedded once.
   *
   * @example
   * const { embeddings: [query] } = await embedder.embed(['how do I cancel'], { kind: 'query' });
   * const { embeddings } = await embedder.embed(passages);
   * const best = embeddings.map((vector) => similarity(query, vector));
   */
  embed(texts: readonly EmbeddableText[], options?: EmbedOptions): Promise<Embeddings>;
  /**
   * Cuts each text into overlapping passages that fit the model. Returns the range of each passage in UTF-16 code units,
   * for `text.slice(start, end)`.
   *
   * @example
   * const [ranges] = await embedder.split([text], { maxTokens: 256 });
   * const passages = ranges.map(({ start, end }) => text.slice(start, end));
   */
  split(texts: readonly string[], options?: SplitOptions): Promise<{ start: number; end: number }[][]>;
  /** Returns the model's name and limits, and what it takes now. */
  statistics(): Promise<EmbedderStatistics>;
  /** Frees the memory. All calls, under way or later, fail with `disposed`. It may be called twice. */
  dispose(): Promise<void>;
}
