import { hasRelaxedSimd } from './simd.js';

/** The engine beside the package's code, the fastest one that runs here. */
export function engineUrl(): URL {
  // Bundlers find files by this very expression, so each stands for itself.
  return hasRelaxedSimd()
    ? new URL('./wasm/rerank-relaxed.wasm', import.meta.url)
    : new URL('./wasm/rerank.wasm', import.meta.url);
}
