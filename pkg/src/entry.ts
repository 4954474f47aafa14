import { clearAll, listAll } from './cache/model-cache.js';
import type { CacheBackend, CacheEntry, ClearedCache } from './common/cache-backend.js';
import { untilAborted } from './common/deferred.js';
import type { Embedder, EmbedderOptions } from './common/embedding.js';
import { RerankError } from './common/errors.js';
import type { ModelSource } from './common/model-source.js';
import type { ModelFileFacts, ModelFilesOptions, Reranker, RerankerOptions } from './common/types.js';
import { createEmbedder } from './embedder/create.js';
import { similarity } from './embedder/vectors.js';
import type { Backend } from './engine/backend.js';
import type { Platform } from './engine/platform.js';
import { isCached, modelFiles } from './opening/model-files.js';
import { type Create, patienceSeconds, SharedModel } from './opening/shared.js';
import { Call, ClientReranker, serve } from './reranker/client.js';
import { create } from './reranker/create.js';

/** Seconds after which an isolate's load counts as dead. A bundle for an isolate arrives in a few seconds. */
const isolatePatienceSeconds = 60;

/** The exports of every door; `index.ts` documents them. */
export interface Entry {
  createReranker: Create<Reranker, [options?: RerankerOptions]>;
  createEmbedder: Create<Embedder, [options?: EmbedderOptions]>;
  similarity(a: ArrayLike<number>, b: ArrayLike<number>): number;
  rerank: Reranker['rerank'];
  isCached(model?: string | URL | ModelSource, options?: ModelFilesOptions): Promise<boolean>;
  modelFiles(model?: string | URL | ModelSource, options?: ModelFilesOptions): Promise<ModelFileFacts[]>;
  listCache(): Promise<CacheEntry[]>;
  clearCache(): Promise<ClearedCache>;
  directoryCache(path: string): CacheBackend;
}

/** Makes the exports of a door for its platform. */
export function entry(platform: Platform): Entry {
  const patience = platform.requestsOwnDownloads ? { [patienceSeconds]: isolatePatienceSeconds } : {};
  return {
    createReranker: Object.assign(
      async (options?: RerankerOptions) => new ClientReranker(await create(platform, options)),
      patience,
    ),
    createEmbedder: Object.assign((options?: EmbedderOptions) => createEmbedder(platform, options), patience),
    similarity,
    rerank: rerankWith(Object.assign(() => create(platform, undefined), patience)),
    isCached: (model, options) => isCached(platform, model, options),
    modelFiles: (model, options) => modelFiles(platform, model, options),
    listCache: () => listAll(platform.caches),
    clearCache: () => clearAll(platform.caches),
    directoryCache: platform.directoryCache ?? noDirectories,
  };
}

/** `rerank` with one reranker that all calls share. */
export function rerankWith(create: Create<Pick<Backend, 'run' | 'dispose'>>): Reranker['rerank'] {
  const shared = new SharedModel(create);
  return async (query, documents, options) => {
    // Arguments are checked before the load: a wrong one must not cost a download.
    const call = new Call(query, documents, options);
    return serve(await untilAborted(shared.get(), call.task.signal), call);
  };
}

/** Every door exports `directoryCache`, so that the same imports work everywhere. */
function noDirectories(): never {
  throw new RerankError('unsupported_environment', '`directoryCache` needs Node, Deno or Bun; omit `cache` here.');
}
