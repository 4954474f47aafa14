import { isolateEntry } from './platforms/isolate.js';
// Every workerd has had relaxed SIMD since 2023.
import engine from './wasm/rerank-relaxed.wasm';

export * from './common/public.js';

export const { createReranker, rerank, listCache, clearCache, directoryCache } = isolateEntry(engine);
