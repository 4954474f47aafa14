export { RerankError, type RerankErrorCode, rerankErrorCodes } from './errors.js';
export type {
  FileLocation,
  LoadProgress,
  ModelSource,
  PinnedFile,
  RerankDocument,
  Reranker,
  RerankerOptions,
  RerankerStatistics,
  RerankOptions,
  RerankProgress,
  RerankResult,
} from './types.js';
