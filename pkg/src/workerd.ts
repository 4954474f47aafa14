import { entry } from './entry.js';
import { isolatePlatform } from './platforms/isolate.js';
// Every workerd since 2023 has relaxed SIMD.
import engine from './wasm/rerank-relaxed.wasm';

export * from './common/public.js';

export const {
  createReranker,
  rerank,
  createEmbedder,
  similarity,
  isCached,
  modelFiles,
  listCache,
  clearCache,
  directoryCache,
} = entry(isolatePlatform(engine));
