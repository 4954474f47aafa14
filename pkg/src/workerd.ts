import { clearAll, listAll } from './cache.js';
import { create } from './create.js';
import type { Platform } from './platform.js';
import { shareReranker } from './share.js';
import type { CacheEntry, Reranker, RerankerOptions } from './types.js';
// Every workerd has had relaxed SIMD since 2023.
import engine from './wasm/rerank-relaxed.wasm';

export * from './public.js';

const platform: Platform = {
  defaultEngine: async () => engine,
  // A timer belongs to the request that set it and dies with it. Calls of several requests share one queue, which must
  // not wait for any of them; so nothing waits here, and a call that has begun runs to its end.
  pause: async () => {},
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

/** No files: `cache: 'auto'` keeps none here; {@link RerankerOptions.cache}. */
export function listCache(): Promise<CacheEntry[]> {
  return listAll(platform);
}

/** Does nothing here, where there is nothing to remove. */
export function clearCache(): Promise<void> {
  return clearAll(platform);
}
