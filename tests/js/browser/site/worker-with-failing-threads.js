// A thread runs the script of the worker that starts it. The fifth is not to be had; the others are, and have nothing to do.
if (self.name !== 'rerank-wasm thread') {
  const { Worker } = globalThis;
  let started = 0;
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      started += 1;
      super(started === 5 ? '/site/nowhere.js' : url, options);
    }
  };
  for (const name of ['hardwareConcurrency', 'deviceMemory']) Object.defineProperty(navigator, name, { value: 8 });
}
await import('/rerank-wasm/worker-threads.js');
