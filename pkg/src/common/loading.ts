import type { CacheBackend } from './cache-backend.js';
import type { AbortSignal, URL, WasmModule, Worker } from './globals.js';

/** An event while a model is loaded. */
export interface LoadProgress {
  /**
   * `download`: bytes of `file` arrive, from wherever it is.
   * `verify`: its size and hash are checked.
   * `load`: all files are complete, and the graph is prepared.
   */
  phase: 'download' | 'verify' | 'load';
  /** `model`, `data` (weights beside the model), `tokenizer`, `config` or `bundle`; in the phase `load` the model's name. */
  file: string;
  /** Bytes so far. They start again at 0 for each further file, and if a cached file is damaged and downloaded anew. */
  loaded: number;
  /**
   * Bytes expected: the size of the registry or the pin, else of the server or the cache. Undefined if none knows it.
   */
  total: number | undefined;
}

/** A problem of a reranker, which works all the same. */
export interface RerankWarning {
  /**
   * `cache_failed`: the cache cannot be opened, read or written (quota, rights, a full disk). The model loads without
   * it.
   *
   * `cache_unavailable`: `cache` is `'auto'`, the platform has no cache, and files are downloaded. A page over plain http
   * has none, unless it is on localhost. The message says what to do.
   *
   * `pooling_assumed`: nothing says how an embedding model pools its vectors, and the mean is taken.
   *
   * `threads_unavailable`: `threads: 'auto'` was asked for, and one thread runs. The message says why.
   *
   * `slow_model`: the model runs much more slowly than it could. Either the engine has no fast form of parts of its
   * graph, or the graph is large and has float weights. The message says what it costs. It names an int8 graph of the
   * same repository or directory, if there is one, or says where to look for a faster model.
   *
   * `score_cache_failed`: `scoreCache` threw, or returned something else than scores. The documents are scored.
   *
   * `worker_unavailable`: a worker of the package cannot be started: its script is missing, or the page's policy
   * forbids it. The message says where the model runs instead.
   */
  code:
    | 'cache_failed'
    | 'cache_unavailable'
    | 'pooling_assumed'
    | 'score_cache_failed'
    | 'slow_model'
    | 'threads_unavailable'
    | 'worker_unavailable';
  /** For people. */
  message: string;
  /** What the cache or the start of the worker threw. */
  cause?: unknown;
}

/** How a model is loaded and where it runs: the options of `createReranker` and `createEmbedder`. */
export interface ModelOptions {
  /**
   * Base URL of a mirror for published names and repositories. Default: the environment's `HF_ENDPOINT` in Node, Deno and
   * Bun, else `https://huggingface.co`. With any other `model` it is refused with `invalid_input`.
   *
   * @example
   * hub: 'https://mirror.example.org'
   */
  hub?: string | URL;
  /**
   * Path of the ONNX graph in the repository or the directory that `model` names, or below its base URL. Default: the
   * best one that the engine can run, and `onnx/model_quantized.onnx` below a base URL. The creation fails with
   * `model_not_found` if the file is missing, and with `invalid_input` if `model` is a bundle or a {@link ModelSource}.
   *
   * @example
   * file: 'onnx/model_fp16.onnx'
   */
  file?: string;
  /**
   * Access token for the hub, for private and gated repositories. It is sent to the origin of `hub` alone, and never
   * after a redirect to another. Default for repositories in Node, Deno and Bun: the environment's `HF_TOKEN`. It is sent
   * to the environment's `HF_ENDPOINT` alone, or without that to `https://huggingface.co` alone. If `model` is not on a
   * hub, it is refused with `invalid_input`.
   *
   * @example
   * token: process.env.MIRROR_TOKEN
   */
  token?: string;
  /**
   * Whether the engine runs in a worker. `'auto'` (default) starts one in pages and in Node, Deno and Bun, so that a page
   * or a server never blocks. If none can be started, the engine runs in place and `onWarning` is called. In edge
   * functions, and in workers that you started, the engine runs in place.
   *
   * `true` demands a worker, `false` forbids it. A function starts your own worker, for bundlers that do not find the
   * package's. Its script is, or imports, `rerank-wasm/worker`. In a page it can be `rerank-wasm/worker-threads`; the
   * function is then called again for each further thread.
   *
   * @example
   * worker: () => startMyModuleWorker()
   */
  worker?: 'auto' | boolean | (() => Worker);
  /**
   * How many threads score, the engine's own included. Scores have the same bits with any number.
   *
   * `'auto'` (default) uses one thread per processor, at most 8. It needs Node, Deno, Bun or the package's worker in a
   * cross-origin isolated page. In other pages up to four workers with an engine for each rank a model that takes at
   * most 64 MB. Otherwise one thread runs; pass `'auto'` explicitly to get a warning that says why.
   *
   * A number, at most 64, is what you get; if it is impossible, the creation fails with `unsupported_environment`. In a
   * page that is not isolated, each thread takes the memory of a whole model.
   *
   * @example
   * threads: 4
   */
  threads?: 'auto' | number;
  /**
   * The engine: a compiled module, its bytes, its URL, or the URL of a copy of the package's `dist/wasm`, with a slash
   * at the end. In Node, Deno and Bun it can also be a path. By default it is found beside the package's code.
   *
   * @example
   * wasm: 'https://example.com/engines/'
   */
  wasm?: WasmModule | Uint8Array<ArrayBuffer> | ArrayBuffer | URL | string;
  /**
   * Keeps downloaded files, so that a second start needs no network. `'auto'` (default) uses the origin's private file
   * system or the Cache API in browsers, a directory in Node, Deno and Bun, and nothing in workerd. `'none'` or `false`
   * keeps nothing.
   *
   * A file enters the cache after it was checked, and is checked again when it is read. A file without a pinned SHA-256
   * stays as it was first downloaded, until you remove it from the cache.
   *
   * @example
   * cache: false
   */
  cache?: 'auto' | 'none' | false | CacheBackend;
  /**
   * Frees the engine's memory after so many milliseconds without a call. The next call loads the model again, from the
   * cache or from its source, and takes as long as a start does. `statistics()` loads nothing. A model that was passed
   * as bytes keeps these bytes in memory. Isolates refuse it with `unsupported_environment`. Default: never.
   *
   * @example
   * idleTimeout: 300_000
   */
  idleTimeout?: number;
  /**
   * Receives the progress. If it throws, the creation fails with `invalid_input`, and the error is the `cause`.
   *
   * @example
   * onProgress: ({ file, loaded }) => console.log(file, loaded)
   */
  onProgress?: (progress: LoadProgress) => void;
  /**
   * Receives each warning code at most once. If it throws, the creation fails with `invalid_input`, or the call that
   * it warns about, and the error is the `cause`.
   *
   * @example
   * onWarning: ({ code, message }) => console.warn(code, message)
   */
  onWarning?: (warning: RerankWarning) => void;
  /**
   * Aborts the download and the loading.
   *
   * @example
   * signal: AbortSignal.timeout(60_000)
   */
  signal?: AbortSignal;
}
