import type { CacheBackend, CacheEntry, Reranker, RerankerOptions } from './common/types.js';
import { browserPlatform } from './platforms/browser.js';
import { missingForThreads } from './platforms/cross-origin-isolation.js';
import { entry } from './reranker/entry.js';

export * from './common/public.js';

const exported = entry({
  ...browserPlatform(),
  workers:
    typeof Worker === 'undefined' ? undefined : { starts: workerStarts, preferred: typeof document !== 'undefined' },
});

/**
 * Loads a model.
 *
 * @example
 * const reranker = await createReranker({ model: 'bge-reranker-base' });
 *
 * @throws {@link RerankError}: `invalid_input`, `model_not_found`, `download_failed`, `integrity_mismatch`,
 * `invalid_model`, `unsupported_model`, `unsupported_environment`, `out_of_memory`, `aborted`
 */
export const createReranker: (options?: RerankerOptions) => Promise<Reranker> = exported.createReranker;

/**
 * Ranks with one shared reranker of the default model, which the first call loads and which stays loaded.
 * Use {@link createReranker} for another model, or to free the memory.
 *
 * @example
 * const [best] = await rerank('What is the capital of France?', ['Berlin …', 'Paris …'], { topN: 1 });
 */
export const rerank: Reranker['rerank'] = exported.rerank;

/** Lists the files that were downloaded and kept in the caches that `cache: 'auto'` uses. */
export const listCache: () => Promise<CacheEntry[]> = exported.listCache;

/** Removes those files, and what interrupted downloads left. Loaded rerankers keep working. */
export const clearCache: () => Promise<void> = exported.clearCache;

/**
 * A cache in a directory, for the option `cache`; in Node, Deno and Bun. Several processes may share it. The default
 * directory is `models` below `$RERANK_WASM_CACHE`, else below `rerank-wasm` in the user's cache directory
 * (`$XDG_CACHE_HOME`, `~/.cache`).
 *
 * @throws {@link RerankError}: `unsupported_environment` where there are no directories
 */
export const directoryCache: (path: string) => CacheBackend = exported.directoryCache;

/** Ways to start a worker, best first: an application that hosts the files itself may have the simpler one alone. */
function workerStarts(threads: boolean): (() => Worker)[] {
  const simple = workerStart(false);
  return threads && missingForThreads() === undefined ? [workerStart(true), simple] : [simple];
}

/**
 * Starts the package's worker, or the one whose engine may have threads. A browser refuses a worker script from another
 * origin, such as a CDN; a worker of the page's origin may import it.
 */
function workerStart(threads: boolean): () => Worker {
  const here = import.meta.url;
  const elsewhere = /^https?:/i.test(here) && new URL(here).origin !== location.origin;
  if (elsewhere) return importingWorkerStart(new URL(threads ? './worker-threads.js' : './worker.js', here));
  // Bundlers find the workers by these very expressions, and must not find them in the other place.
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
