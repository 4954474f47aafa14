import { clearAll, listAll } from './cache/model-cache.js';
import type { CacheBackend, CacheEntry, Reranker, RerankerOptions } from './common/types.js';
import type { Platform } from './engine/platform.js';
import { browserPlatform } from './platforms/browser.js';
import { create } from './reranker/create.js';
import { noDirectories } from './reranker/no-directories.js';
import { shareReranker } from './reranker/share.js';
import { workerStarts } from './start-worker.js';

export * from './common/public.js';

const platform: Platform = {
  ...browserPlatform(),
  workers:
    typeof Worker === 'undefined'
      ? undefined
      : {
          starts: workerStarts,
          preferred: typeof document !== 'undefined',
        },
};

/**
 * Loads a model.
 *
 * @throws {@link RerankError}: `invalid_input`, `model_not_found`, `download_failed`, `integrity_mismatch`,
 * `invalid_model`, `unsupported_model`, `unsupported_environment`, `out_of_memory`, `aborted`
 */
export function createReranker(options?: RerankerOptions): Promise<Reranker> {
  return create(platform, options);
}

/**
 * Ranks with one shared reranker of the default model, which the first call loads and which stays for good.
 * Where its memory should go again, or another model is wanted, use {@link createReranker}.
 */
export const rerank: Reranker['rerank'] = shareReranker(() => create(platform, undefined));

/** The files that were downloaded and kept, in the caches that `cache: 'auto'` uses; {@link RerankerOptions.cache}. */
export function listCache(): Promise<CacheEntry[]> {
  return listAll(platform);
}

/** Removes them, and what downloads that never ended have left. Rerankers that are loaded live on. */
export function clearCache(): Promise<void> {
  return clearAll(platform);
}

/**
 * A cache in a directory of your choice, for the option `cache`; in Node, Deno and Bun. Processes may share it. Without it
 * the directory is `models` below `RERANK_WASM_CACHE`, or below `rerank-wasm` in the user's directory for caches
 * (`XDG_CACHE_HOME`).
 *
 * @throws {@link RerankError}: `unsupported_environment` where there are no directories
 */
export function directoryCache(path: string): CacheBackend {
  return noDirectories(path);
}
