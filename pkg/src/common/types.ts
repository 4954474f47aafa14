/** Bytes of a model file, or where to read them. */
export type FileLocation =
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | Blob
  /** `https:`, `blob:`, `data:`; in Node also `file:`. */
  | URL
  /** An absolute URL, written out. */
  | string
  /**
   * What opens the file, such as `() => env.ASSETS.fetch(url)` in a Cloudflare Worker; called whenever the file is read.
   * The engine then runs in place, for a function cannot be sent to a worker.
   */
  | (() => Response | Promise<Response>);

/** A model file together with what it must be; both facts are checked before the file is used. */
export interface PinnedFile {
  /** Its bytes, or where they are. */
  location: FileLocation;
  /** Size in bytes. Also what progress is measured against. */
  size?: number;
  /** SHA-256 of the whole file, 64 lower-case hexadecimal digits. */
  sha256?: string;
}

/** A file that was cut into several, as `rerank convert --shard` does. */
export interface ShardedFile {
  /** The parts, in their order. */
  shards: readonly FileLocation[];
  /** Size in bytes of the whole. */
  size?: number;
  /** SHA-256 of the whole, 64 lower-case hexadecimal digits. */
  sha256?: string;
}

/**
 * A model by its files. `rerank-wasm-mini` exports one; write your own for files you host or hold. The reranker does not
 * keep bytes alive that you let go of; it then cannot load the model again where the engine breaks.
 */
export interface ModelSource {
  /** Shown in progress and statistics. */
  name: string;
  /** Its files, or the one that holds them all. */
  files: ModelFiles | BundleFile;
}

/** All of a model in one file, as `rerank convert` writes it. */
export interface BundleFile {
  /** The file, in one piece or in shards. */
  bundle: FileLocation | PinnedFile | ShardedFile;
}

/** The files of a model in Hugging Face's layout. */
export interface ModelFiles {
  /** The ONNX graph with its weights, one file. */
  model: FileLocation | PinnedFile;
  /** Hugging Face `tokenizer.json`. */
  tokenizer: FileLocation | PinnedFile;
  /** Hugging Face `config.json`: tells how many tokens the model takes (512 without it). */
  config?: FileLocation | PinnedFile;
}

/** What happens while a reranker is made. */
export interface LoadProgress {
  /**
   * `download`: bytes of `file` arrive, from wherever it is; `verify`: its size and hash are checked;
   * `load`: the files are complete and the graph is prepared.
   */
  phase: 'download' | 'verify' | 'load';
  /** Which file: `model`, `tokenizer`, `config` or `bundle`; for `load`, the model's name. */
  file: string;
  /** Bytes so far. Starts over where a cached file turns out to be damaged and is downloaded anew. */
  loaded: number;
  /** Bytes expected, where that is known: the registry's or the pin's size, else what the server or the cache says. */
  total: number | undefined;
}

/** What went less well than it could have while a reranker was made, which works all the same. */
export interface RerankWarning {
  /**
   * `cache_failed`: the cache cannot be opened, read or written (quota, rights, a full disk); it is not used any more.
   * `threads_unavailable`: with `threads: 'auto'`, there could be several threads but for what the message says (headers
   * of the page, as a rule).
   * `worker_unavailable`: a worker of the package's cannot be started (its script is not where it should be, the page's
   * policy forbids it); the model runs where the message says.
   */
  code: 'cache_failed' | 'threads_unavailable' | 'worker_unavailable';
  /** For people. */
  message: string;
  /** What the cache threw or why no worker starts, if it was one of them. */
  cause?: unknown;
}

/** What is known of a file in a cache. */
export interface CacheFacts {
  /** Where the file was downloaded from. */
  url: string;
  /** Size in bytes. */
  size: number;
  /** SHA-256 of the whole file, 64 lower-case hexadecimal digits. */
  sha256: string;
}

/** A file in a cache. */
export interface CacheEntry extends CacheFacts {
  /** What the file is found by: an opaque text of any characters, unique in its cache. */
  key: string;
}

/** A file in a cache, opened. */
export interface CachedFile extends CacheFacts {
  /** The bytes. It is read to its end or cancelled. They need not be checked: that happens while they are used. */
  stream: ReadableStream<Uint8Array>;
}

/** A file on its way into a cache. Nobody sees it before `commit`; after `commit` or `abort` nothing more is called. */
export interface CacheWriter {
  /** Appends bytes; settles when more may come. The chunk stays the caller's, unchanged. */
  write(chunk: Uint8Array): Promise<void>;
  /** Puts the file, which is complete, in the place of what the key had before. */
  commit(facts: CacheFacts): Promise<void>;
  /** Gives the file up; nothing of it stays. */
  abort(): Promise<void>;
}

/**
 * Where model files are kept between starts. Write your own for a store that the package does not know. What its methods
 * throw becomes one {@link RerankWarning}, and the model is loaded without the cache.
 */
export interface CacheBackend {
  /** The file of this key; undefined where there is none. */
  read(key: string): Promise<CachedFile | undefined>;
  /** Starts a file for this key. */
  write(key: string): Promise<CacheWriter>;
  /** Removes the file of this key, if there is one. */
  delete(key: string): Promise<void>;
  /** All files that were committed. */
  list(): Promise<CacheEntry[]>;
}

/** How a model is loaded and where it runs; without options the default model is downloaded, or taken from the cache. */
export interface RerankerOptions {
  /**
   * A name in the registry, a base URL with the Hugging Face layout below it, a local directory (Node), the URL of a bundle
   * that ends in `.bundle`, a local bundle (Node), or a {@link ModelSource}.
   * Default: `'bge-reranker-base'`, which is pinned: revision, sizes and SHA-256 are checked.
   * The other names are not pinned, their files are taken as the hub has them: `'bge-reranker-large'`,
   * `'bge-reranker-v2-m3'`, `'mmarco-mMiniLMv2-L12-H384-v1'`, `'ms-marco-MiniLM-L-6-v2'`.
   */
  model?: string | URL | ModelSource;
  /**
   * Where names in the registry are downloaded from: a mirror's base URL. Default: `https://huggingface.co`.
   * Refused with any other `model`, for which it would mean nothing.
   */
  hub?: string | URL;
  /**
   * `'auto'` (default): a page gets a module worker, so its UI never blocks, and a warning where none
   * can be started; everything else runs in place.
   * `true` demands a worker, `false` forbids it. A function starts one whose script is, or imports, `rerank-wasm/worker`
   * (with threads: `rerank-wasm/worker-threads`; it is called for each further thread, too), for where the package's own
   * cannot be found.
   */
  worker?: 'auto' | boolean | (() => Worker);
  /**
   * How many threads score, the engine's own included. `'auto'` (default): as many as there are processors, up to 8, where
   * threads can be had: in Node 21 or newer, Deno and Bun, and in the package's worker on a page that is cross-origin
   * isolated, in a browser with relaxed SIMD; elsewhere one, and whoever wrote `'auto'` is told why by `onWarning`. A number, 64 at most, is what you get, or
   * `unsupported_environment`. Scores are the same bits with any number.
   */
  threads?: 'auto' | number;
  /**
   * The engine: a compiled module, its bytes, its URL, or the URL of a copy of the package's directory `dist/wasm`, which
   * ends in a slash. By default it is found beside the package's code.
   */
  wasm?: WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer | URL | string;
  /**
   * Where downloaded files are kept, so that a second start asks the network for none of them. `'auto'` (default): the
   * origin's private file system or the Cache API in browsers, a directory in Node, Deno and Bun, nothing in workerd.
   * `'none'` or `false`: nowhere. A file enters the cache after it was checked, and is checked again when it is read.
   * A file that is not pinned by its SHA-256 stays as it was downloaded first, until it is removed from the cache.
   */
  cache?: 'auto' | 'none' | false | CacheBackend;
  /** What it throws fails the creation with `invalid_input` and is the `cause`. */
  onProgress?: (progress: LoadProgress) => void;
  /** Told at most once of each code for each creation. What it throws fails the creation with `invalid_input` and is the `cause`. */
  onWarning?: (warning: RerankWarning) => void;
  /** Aborts the download and the loading. */
  signal?: AbortSignal;
}

/** A passage: its text, or an object that carries the text. */
export type RerankDocument = string | { text: string };

/** What happens while documents are ranked. */
export interface RerankProgress {
  /** Documents scored so far. */
  done: number;
  /** Documents in this call. */
  total: number;
}

/** How documents are ranked; a name that is none of these is refused with `invalid_input`. */
export interface RerankOptions {
  /** How many of the best results to return. Default: all. */
  topN?: number;
  /** Puts each document, as it was passed, into its result. Default: false. */
  returnDocuments?: boolean;
  /** Longest pair (query, document and special tokens) in tokens; longer documents are cut or chunked. Default, and most: what the model takes. */
  maxTokens?: number;
  /**
   * What becomes of a document that does not fit beside the query. `'truncate'` (default): its end is cut off. `'chunk'`: it
   * is scored in overlapping windows, of which the best one counts; every window costs a pass through the model.
   */
  longDocuments?: 'truncate' | 'chunk';
  /** What `score` is: the sigmoid of the logit (default) or the logit itself. The order is by logit in both cases. */
  activation?: 'sigmoid' | 'none';
  /** What it throws fails the call with `invalid_input` and is the `cause`. */
  onProgress?: (progress: RerankProgress) => void;
  /**
   * Aborts a call that waits at once, and one that runs before its next document (short ones run a few at a time); in
   * workerd, only one that waits.
   */
  signal?: AbortSignal;
}

/** The options of a stream: no `topN`, for which all scores would have to be known. */
export type RerankStreamOptions = Omit<RerankOptions, 'topN'>;

/** A document's place in the ranking, with what the model made of it. */
export interface RerankResult<Document extends RerankDocument = RerankDocument> {
  /** Position of the document in the list that was passed. */
  index: number;
  /** In 0..1 with `activation: 'sigmoid'`; computed in double precision. */
  score: number;
  /** The model's raw output. */
  logit: number;
  /** Tokens of the pair as the model saw it, special tokens included; of all its windows where it was chunked. */
  tokens: number;
  /** True where the document was cut to fit. */
  truncated: boolean;
  /** Where the window that counts is: `text.slice(start, end)`; only for a document that was chunked into several. */
  window?: { start: number; end: number };
  /** The document as it was passed; only with `returnDocuments`. */
  document?: Document;
}

/** What a loaded model is and takes. */
export interface RerankerStatistics {
  /** Name of the model. */
  model: string;
  /** Longest pair the model takes, in tokens. */
  maxTokens: number;
  /** Size of the engine's linear memory in bytes. It never shrinks while the reranker lives, so it is also the peak. */
  memoryBytes: number;
  /** How many threads score. */
  threads: number;
}

/**
 * A loaded model. Calls may overlap: they take turns, a long document (a window of it) or a few short ones each, so a short
 * call does not wait for the end of a long one. Scores do not depend on that. Where the engine breaks (out of memory, a
 * defect), the call that broke it fails, and the model is loaded again, from the cache or from where it came, for the
 * calls that wait and those that follow.
 */
export interface Reranker {
  /**
   * Scores every document against the query and returns them best first, ties by index.
   * An empty list of documents gives an empty list.
   */
  rerank<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankOptions,
  ): Promise<RerankResult<Document>[]>;
  /**
   * Scores every document against the query and yields each as soon as it has its score, in the order of the list. The
   * work begins with the first that is asked for, does not wait for a loop that is slow, and ends when the loop is left.
   * A call that fails, is aborted or disposed throws in the loop at once, before scores that wait to be taken.
   */
  stream<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankStreamOptions,
  ): AsyncGenerator<RerankResult<Document>, void, undefined>;
  /** What the model is, and what it takes now. */
  statistics(): Promise<RerankerStatistics>;
  /** Frees the memory. Calls under way or queued, and every later call, fail with `disposed`. May be called twice. */
  dispose(): Promise<void>;
}
