import type { AbortSignal, URL } from './globals.js';
import type { ModelOptions } from './loading.js';
import type { ModelSource } from './model-source.js';
import type { ScoreCache } from './score-cache.js';

/**
 * How a reranker is loaded and where it runs. Without options, the default model comes from the cache or the network.
 *
 * @example
 * const reranker = await createReranker({
 *   model: 'https://example.org/my-reranker',
 *   onProgress: ({ file, loaded, total }) => console.log(file, loaded, total),
 *   onWarning: ({ code, message }) => console.warn(code, message),
 * });
 */
export interface RerankerOptions extends ModelOptions {
  /**
   * A published name, or `'org/repo'` or `'org/repo@revision'` of the Hugging Face hub. It can also be a base URL with
   * such a repository's layout below it, a URL that ends in `.bundle`, or a {@link ModelSource}. In Node it can also be
   * the path of a directory or of a bundle. A path that exists comes before a repository of the same name.
   *
   * Default: `'bge-reranker-base'`, which is pinned: its revision, sizes and SHA-256 are checked. Other published
   * names: `'bge-reranker-large'`, `'bge-reranker-v2-m3'`, `'mmarco-mMiniLMv2-L12-H384-v1'`,
   * `'ms-marco-MiniLM-L-6-v2'`. They are not pinned: their files are taken as the hub has them.
   *
   * The files of a repository are chosen from the hub's list: int8 graphs first, then fp16, then fp32. Graphs that exceed
   * the engine's memory are left out. Sizes and SHA-256 in that list are checked. With a cache, the choice stays until
   * you remove it. The graph of a directory is chosen in the same order.
   *
   * @example
   * model: 'mixedbread-ai/mxbai-rerank-xsmall-v1'
   */
  model?: string | URL | ModelSource;
  /**
   * Keeps scores between calls, and between processes if it keeps them outside. Its errors become a warning and never
   * fail a ranking. Default: none.
   *
   * @example
   * scoreCache: { get: (keys) => keys.map((key) => kept.get(key)), set: (entries) => keep(entries) }
   */
  scoreCache?: ScoreCache;
}

/**
 * How the files of a model are looked for: the options of `createReranker` of these names.
 *
 * @example
 * const files = await modelFiles('org/repo', { file: 'onnx/model_fp16.onnx', cache: directoryCache('/var/models') });
 */
export type ModelFilesOptions = Pick<RerankerOptions, 'hub' | 'file' | 'token' | 'cache' | 'signal'>;

/** A file that `createReranker` would read. */
export interface ModelFileFacts {
  /** `data` is a file with weights beside the model. */
  file: 'model' | 'data' | 'tokenizer' | 'config' | 'bundle';
  /** Where the file is; undefined for bytes, a blob and a function. */
  url: string | undefined;
  /** Size in bytes; undefined if neither you nor the cache nor the server says it. */
  size: number | undefined;
  /** True if the file needs no download: the cache has it, or it is on this machine or in memory. */
  cached: boolean;
}

/** A passage: its text, or an object that carries the text. */
export type RerankDocument = string | { text: string };

/** An event while documents are scored. */
export interface RerankProgress {
  /** Documents scored so far. */
  done: number;
  /** Documents in this call. */
  total: number;
}

/**
 * How documents are ranked. Unknown names are refused with `invalid_input`.
 *
 * @example
 * const best = await reranker.rerank(query, documents, { topN: 3, returnDocuments: true });
 */
export interface RerankOptions {
  /**
   * How many of the best results to return. Default: all.
   *
   * @example
   * topN: 5
   */
  topN?: number;
  /**
   * Leaves out results with a lower `score`. It is compared after `activation`, so it is from 0 to 1, or a logit with
   * `activation: 'none'`. All documents are scored and count in `onProgress`. Default: none is left out.
   *
   * @example
   * minScore: 0.5
   */
  minScore?: number;
  /**
   * Puts each document, as it was passed, into its result. Default: false.
   *
   * @example
   * returnDocuments: true
   */
  returnDocuments?: boolean;
  /**
   * Longest pair of query and document in tokens, special tokens included. Longer documents are cut or chunked. Default
   * and most: what the model takes.
   *
   * @example
   * maxTokens: 256
   */
  maxTokens?: number;
  /**
   * How a document is scored that does not fit beside the query. `'truncate'` (default) cuts off its end. `'chunk'`
   * scores it in overlapping windows and keeps the best one; each window costs a pass through the model.
   *
   * @example
   * longDocuments: 'chunk'
   */
  longDocuments?: 'truncate' | 'chunk';
  /**
   * Makes `score` the sigmoid of the logit (default) or the logit itself. The order is by logit in both cases.
   *
   * @example
   * activation: 'none'
   */
  activation?: 'sigmoid' | 'none';
  /**
   * Receives the progress. If it throws, the call fails with `invalid_input`, and the error is the `cause`.
   *
   * @example
   * onProgress: ({ done, total }) => (bar.value = done / total)
   */
  onProgress?: (progress: RerankProgress) => void;
  /**
   * Aborts a waiting call at once, and a running one before its next document (short documents run a few at a time). In
   * workerd it aborts waiting calls only.
   *
   * @example
   * signal: AbortSignal.timeout(5_000)
   */
  signal?: AbortSignal;
}

/** The options of a stream. It has no `topN`, because the best are known only when all have their scores. */
export type RerankStreamOptions = Omit<RerankOptions, 'topN'>;

/** A document's place in the ranking, with its score. */
export interface RerankResult<Document extends RerankDocument = RerankDocument> {
  /** Position of the document in the list that was passed. */
  index: number;
  /** Between 0 and 1, in double precision; with `activation: 'none'` the logit. */
  score: number;
  /** The model's raw output. */
  logit: number;
  /** Tokens of the pair as the model saw it, special tokens included; of all windows of a chunked document. */
  tokens: number;
  /** True if the document was cut to fit. */
  truncated: boolean;
  /** The window that counts is `text.slice(start, end)`. Set for a document that was chunked into several. */
  window?: { start: number; end: number };
  /** The document as it was passed; set with `returnDocuments`. */
  document?: Document;
}

/** Facts about a loaded model. */
export interface RerankerStatistics {
  /** Name of the model. */
  model: string;
  /** Longest pair that the model takes, in tokens. */
  maxTokens: number;
  /**
   * Size of the engine's linear memory in bytes. It never shrinks, so it is also the peak; 0 while `idleTimeout` has
   * freed it.
   */
  memoryBytes: number;
  /** How many threads score. */
  threads: number;
  /**
   * The kernel that multiplies most weights. The engine measures its kernels while a model arrives and takes the fastest
   * one here; all give the same scores. `'relaxed_dot'` and `'relaxed_dot_in_two_steps'` need relaxed SIMD, `'extmul'`,
   * `'extmul_of_eight_bits'` and `'dot_i16x8'` do not. `'f32'` multiplies float weights.
   */
  kernel: string;
  /**
   * Parts of the graph that have no fast form in the engine. By ONNX's name of the operator, the record counts the
   * products of matrices and the softmax that run on general operators. Empty for the usual families.
   *
   * @example
   * { MatMul: 24, Softmax: 12 }
   */
  unfused: Record<string, number>;
}

/**
 * A loaded model. Calls may overlap: they take turns of one long document (or a window of it) or a few short ones. So a
 * short call need not wait for the end of a long one, and scores do not depend on other calls.
 *
 * If the engine crashes or runs out of memory, only the call that caused it fails. The model is then reloaded for all
 * other calls, from the cache or from its source.
 *
 * The methods need no `this`: they work behind a Proxy, such as Vue's `reactive`, and when they are taken off.
 */
export interface Reranker {
  /**
   * Scores every document against the query. Returns them best first, ties by index. A text that occurs several times in
   * the list is scored once.
   *
   * @example
   * const [best] = await reranker.rerank('What is the capital of France?', ['Berlin …', 'Paris …']);
   */
  rerank<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankOptions,
  ): Promise<RerankResult<Document>[]>;
  /**
   * Scores every document against the query. Yields each as soon as it has its score, in the order of the list. A text
   * that occurs several times is scored once.
   *
   * The work begins when the first document is asked for, runs ahead of a slow loop, and ends when the loop is left. If
   * the call fails or is aborted, or the reranker is disposed, the loop throws at once, before scores that still wait.
   *
   * @example
   * for await (const { index, score } of reranker.stream(query, documents)) console.log(index, score);
   */
  stream<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankStreamOptions,
  ): AsyncGenerator<RerankResult<Document>, void, undefined>;
  /** Returns the model's name and limits, and what it takes now. */
  statistics(): Promise<RerankerStatistics>;
  /** Frees the memory. All calls, under way or later, fail with `disposed`. It may be called twice. */
  dispose(): Promise<void>;
}
