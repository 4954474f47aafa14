import { isolateEntry } from './isolate.js';
// Every workerd has had relaxed SIMD since 2023.
import engine from './wasm/rerank-relaxed.wasm';

export * from './public.js';

export const { createReranker, rerank, listCache, clearCache, directoryCache } = isolateEntry(engine);
