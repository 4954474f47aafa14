/** A module up to its code: one function without parameters that returns a `v128`. */
const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];

/** Validates a function that is `i8x16.popcnt` of a splat. */
export function hasSimd(): boolean {
  return WebAssembly.validate(Uint8Array.of(...head, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11));
}

/** Validates a function that is `i32x4.relaxed_dot_i8x16_i7x16_add_s` of three splats. */
export function hasRelaxedSimd(): boolean {
  const splat = [65, 0, 253, 15];
  return WebAssembly.validate(Uint8Array.of(...head, 10, 19, 1, 17, 0, ...splat, ...splat, ...splat, 253, 147, 2, 11));
}

/** Names the file of `dist/wasm` that is the fastest here. */
export function engineName(): string {
  return hasRelaxedSimd() ? 'rerank-relaxed.wasm' : 'rerank.wasm';
}

/** Names the file of `dist/wasm` that is the fastest here with threads. */
export function threadsEngineName(): string {
  return hasRelaxedSimd() ? 'rerank-threads.wasm' : 'rerank-threads-simd.wasm';
}
