for (const name of ['hardwareConcurrency', 'deviceMemory']) Object.defineProperty(navigator, name, { value: 8 });
await import('/rerank-wasm/worker-threads.js');
