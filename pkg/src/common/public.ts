export type { CacheBackend, CachedFile, CacheEntry, CacheFacts, CacheWriter } from './cache-backend.js';
export { RerankError, type RerankErrorCode, rerankErrorCodes } from './errors.js';
export type { BundleFile, FileLocation, ModelFiles, ModelSource, PinnedFile, ShardedFile } from './model-source.js';
export type {
  LoadProgress,
  RerankDocument,
  Reranker,
  RerankerOptions,
  RerankerStatistics,
  RerankOptions,
  RerankProgress,
  RerankResult,
  RerankStreamOptions,
  RerankWarning,
} from './types.js';
