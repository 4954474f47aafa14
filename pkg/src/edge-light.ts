import { isolateEntry } from './platforms/isolate.js';
// Compiled before anyone can ask what the runtime takes, and Next's on Node 20 has no relaxed SIMD.
import engine from './wasm/rerank.wasm?module';

export * from './common/public.js';

export const { createReranker, rerank, listCache, clearCache, directoryCache } = isolateEntry(engine);
