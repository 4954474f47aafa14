import { hasRelaxedSimd } from './instance/simd.js';

/** The engine beside the package's code, the fastest one that runs here. */
export function engineUrl(): URL {
  // Bundlers find files by this very expression, so each stands for itself.
  return hasRelaxedSimd()
    ? new URL('./wasm/rerank-relaxed.wasm', import.meta.url)
    : new URL('./wasm/rerank.wasm', import.meta.url);
}

/** The engine with threads, beside the package's code. */
export function threadsEngineUrl(): URL {
  return new URL('./wasm/rerank-threads.wasm', import.meta.url);
}
