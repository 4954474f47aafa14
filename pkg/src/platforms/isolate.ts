import { clearAll, listAll } from '../cache/model-cache.js';
import type { CacheEntry, Reranker, RerankerOptions } from '../common/types.js';
import type { Platform } from '../engine/platform.js';
import { create } from '../reranker/create.js';
import { noDirectories } from '../reranker/no-directories.js';
import { dyingWithItsRequest } from '../reranker/once.js';
import { shareReranker } from '../reranker/share.js';

/**
 * What the package exports to edge functions: the engine comes as a module that the deployment holds, nothing is kept, no
 * worker is started. `index.ts` says what each export does.
 */
export function isolateEntry(engine: WebAssembly.Module) {
  const platform: Platform = {
    defaultEngine: async () => engine,
    // A timer belongs to the request that set it and dies with it. Calls of several requests share one queue, which must
    // not wait for any of them; so nothing waits here, and a call that has begun runs to its end.
    pause: async () => {},
    requestsOwnDownloads: true,
  };
  return {
    createReranker: dyingWithItsRequest((options?: RerankerOptions): Promise<Reranker> => create(platform, options)),
    rerank: shareReranker(dyingWithItsRequest(() => create(platform, undefined))),
    listCache: (): Promise<CacheEntry[]> => listAll(platform),
    clearCache: (): Promise<void> => clearAll(platform),
    directoryCache: noDirectories,
  };
}
