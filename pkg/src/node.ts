import { create } from './create.js';
import { localFiles, readEngine } from './local-files.js';
import type { Platform } from './platform.js';
import { shareReranker } from './share.js';
import type { Reranker, RerankerOptions } from './types.js';

export * from './public.js';

const platform: Platform = {
  defaultEngine: readEngine,
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  files: localFiles,
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
