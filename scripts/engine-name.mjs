// Prints the engine without threads that the package starts in this Node: `rerank` or `rerank-relaxed`.
// The package uses the same probe: one function with `i32x4.relaxed_dot_i8x16_i7x16_add_s` of three splats.
const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const splat = [65, 0, 253, 15];
const module = Uint8Array.of(...head, 10, 19, 1, 17, 0, ...splat, ...splat, ...splat, 253, 147, 2, 11);
console.log(WebAssembly.validate(module) ? 'rerank-relaxed' : 'rerank');
