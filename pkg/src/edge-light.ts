import { entry } from './entry.js';
import { isolatePlatform } from './platforms/isolate.js';
// The deployment compiles the engine before code can test the runtime, and Next.js on Node 20 has no relaxed SIMD.
import engine from './wasm/rerank.wasm?module';

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
