import { hasRelaxedSimd } from './instance/simd.js';

/** Returns the URL of the fastest engine that runs here, beside the package's code. */
export function engineUrl(): URL {
  // Bundlers find files by this exact expression, so each file has one.
  return hasRelaxedSimd()
    ? new URL('./wasm/rerank-relaxed.wasm', import.meta.url)
    : new URL('./wasm/rerank.wasm', import.meta.url);
}

/** Returns the URL of the fastest engine with threads that runs here, beside the package's code. */
export function threadsEngineUrl(): URL {
  return hasRelaxedSimd()
    ? new URL('./wasm/rerank-threads.wasm', import.meta.url)
    : new URL('./wasm/rerank-threads-simd.wasm', import.meta.url);
}
