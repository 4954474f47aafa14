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
export type {
  EmbeddableText,
  Embedder,
  EmbedderOptions,
  EmbedderStatistics,
  Embeddings,
  EmbedOptions,
  SplitOptions,
} from './embedding.js';
export type { EmbeddingPrompts, EmbeddingUse, Pooling } from './embedding-use.js';
export { RerankError, type RerankErrorCode, rerankErrorCodes } from './errors.js';
export type { LoadProgress, ModelOptions, RerankWarning } from './loading.js';
export type { BundleFile, FileLocation, ModelFiles, ModelSource, PinnedFile, ShardedFile } from './model-source.js';
export type { CachedScore, ScoreCache } from './score-cache.js';
export type {
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
} from './types.js';
