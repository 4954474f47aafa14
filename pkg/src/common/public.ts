export type {
  CacheBackend,
  CachedFile,
  CacheEntry,
  CacheFacts,
  CacheOrigin,
  CacheWriter,
  ClearedCache,
  UnfinishedFile,
} from './cache-backend.js';
export { RerankError, type RerankErrorCode, rerankErrorCodes } from './errors.js';
export type { BundleFile, FileLocation, ModelFiles, ModelSource, PinnedFile, ShardedFile } from './model-source.js';
export type { CachedScore, ScoreCache } from './score-cache.js';
export type {
  LoadProgress,
  ModelFileFacts,
  ModelFilesOptions,
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
