import type { CacheBackend, CacheEntry, ClearedCache } from './common/cache-backend.js';
import type { Embedder, EmbedderOptions } from './common/embedding.js';
import type { ModelFileFacts, ModelFilesOptions, Reranker, RerankerOptions } from './common/types.js';
import { entry } from './entry.js';
import { browserPlatform } from './platforms/browser.js';
import { enginesApart, missingForThreads } from './platforms/cross-origin-isolation.js';

export * from './common/public.js';

const exported = entry({
  ...browserPlatform(),
  workers:
    typeof Worker === 'undefined'
      ? undefined
      : { starts: workerStarts, preferred: typeof document !== 'undefined', apart: enginesApart() },
});

/**
 * Loads a model and returns a reranker.
 *
 * @example
 * const reranker = await createReranker({ model: 'bge-reranker-base' });
 * const results = await reranker.rerank(query, documents);
 *
 * @throws {@link RerankError}: `invalid_input`, `model_not_found`, `download_failed`, `integrity_mismatch`,
 * `invalid_model`, `unsupported_model`, `unsupported_environment`, `out_of_memory`, `aborted`
 */
export const createReranker: (options?: RerankerOptions) => Promise<Reranker> = exported.createReranker;

/**
 * Ranks with one shared reranker of the default model. The first call loads the model, which then stays loaded.
 * Use {@link createReranker} for another model, or to free the memory.
 *
 * @example
 * const [best] = await rerank('What is the capital of France?', ['Berlin …', 'Paris …'], { topN: 1 });
 */
export const rerank: Reranker['rerank'] = exported.rerank;

/**
 * Loads an embedding model, which turns texts into vectors. The first stage of a search compares the query's vector with
 * those of many documents; a reranker then orders the best of them.
 *
 * @example
 * const embedder = await createEmbedder({ model: 'bge-small-en-v1.5' });
 * const { embeddings } = await embedder.embed(passages, { kind: 'document' });
 *
 * @throws {@link RerankError}, as {@link createReranker} does
 */
export const createEmbedder: (options?: EmbedderOptions) => Promise<Embedder> = exported.createEmbedder;

/**
 * Returns the cosine of the angle between two vectors: 1 for the same direction, 0 for none in common.
 *
 * @example
 * const closeness = similarity(query, document);
 *
 * @throws {@link RerankError}: `invalid_input` for vectors of different lengths
 */
export const similarity: (a: ArrayLike<number>, b: ArrayLike<number>) => number = exported.similarity;

/**
 * Returns true if `createReranker` with the same model and options downloads no file. It asks no server. A file counts when
 * it was downloaded completely.
 *
 * @example
 * button.hidden = await isCached('bge-reranker-base');
 *
 * @throws {@link RerankError}: `invalid_input`, and for a model on this machine `model_not_found`
 */
export const isCached: (model?: RerankerOptions['model'], options?: ModelFilesOptions) => Promise<boolean> =
  exported.isCached;

/**
 * Lists the files that `createReranker` reads for a model, and says which ones it would download. It asks a server only for
 * what neither the package nor the cache knows: the choice of files in a repository, and sizes.
 *
 * @example
 * const files = await modelFiles('bge-reranker-base');
 * const missing = files.filter(({ cached }) => !cached);
 * const bytes = missing.reduce((sum, { size = 0 }) => sum + size, 0);
 * button.textContent = `Download ${Math.ceil(bytes / 1e6)} MB`;
 *
 * @throws {@link RerankError}: `invalid_input`, `model_not_found`, `download_failed`, `unsupported_model`,
 * `out_of_memory`, `aborted`
 */
export const modelFiles: (model?: RerankerOptions['model'], options?: ModelFilesOptions) => Promise<ModelFileFacts[]> =
  exported.modelFiles;

/** Lists the downloaded files in the caches that `cache: 'auto'` uses. */
export const listCache: () => Promise<CacheEntry[]> = exported.listCache;

/** Removes all files from these caches, the parts of unfinished downloads included. Loaded rerankers keep working. */
export const clearCache: () => Promise<ClearedCache> = exported.clearCache;

/**
 * Returns a cache in a directory, for the option `cache` in Node, Deno and Bun. Several processes may share it.
 * The directory of `cache: 'auto'` is `models` below `$RERANK_WASM_CACHE`, else below `rerank-wasm` in the user's cache
 * directory (`$XDG_CACHE_HOME`, `~/.cache`).
 *
 * @example
 * const reranker = await createReranker({ cache: directoryCache('/var/cache/models') });
 *
 * @throws {@link RerankError}: `unsupported_environment` in browsers and isolates
 */
export const directoryCache: (path: string) => CacheBackend = exported.directoryCache;

/**
 * The ways to start a worker, best first. An application that hosts the files itself may host the simple worker alone.
 */
function workerStarts(threads: boolean): (() => Worker)[] {
  const simple = workerStart(false);
  return threads && missingForThreads() === undefined ? [workerStart(true), simple] : [simple];
}

/**
 * Starts the package's worker, with or without support for threads. A browser refuses a worker script from another
 * origin, such as a CDN. A worker of the page's origin may import it.
 */
function workerStart(threads: boolean): () => Worker {
  const here = import.meta.url;
  const elsewhere = /^https?:/i.test(here) && new URL(here).origin !== location.origin;
  if (elsewhere) return importingWorkerStart(new URL(threads ? './worker-threads.js' : './worker.js', here));
  // Bundlers look for exactly these expressions. They must not find one in `elsewhere`.
  return threads
    ? () => new Worker(new URL('./worker-threads.js', import.meta.url), { type: 'module' })
    : () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

function importingWorkerStart(script: URL): () => Worker {
  const source = new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' });
  let url: string | undefined;
  return () => {
    url ??= URL.createObjectURL(source);
    return new Worker(url, { type: 'module' });
  };
}
