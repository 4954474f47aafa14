// The package's worker, with room for the small model and little more.
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor({ initial, shared }) {
    super({ initial, maximum: initial + 800, shared });
  }
};
await import('/rerank-wasm/worker-threads.js');
