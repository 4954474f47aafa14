// Runs transformers.js as its documentation embeds: one batch, padded, the first token's vector scaled to length 1.

export async function load({ module, wasmPaths, models, name }) {
  const { env, pipeline } = await import(module);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = models;
  env.useBrowserCache = false;
  env.backends.onnx.wasm.numThreads = 1;
  env.backends.onnx.wasm.wasmPaths = wasmPaths;
  const start = performance.now();
  const extractor = await pipeline('feature-extraction', name, { dtype: 'q8', device: 'wasm' });
  const milliseconds = performance.now() - start;
  return { loaded: { milliseconds }, run: (input) => run(extractor, input) };
}

async function run(extractor, { texts }) {
  const start = performance.now();
  const output = await extractor(texts, { pooling: 'cls', normalize: true });
  const milliseconds = performance.now() - start;
  return { milliseconds, numbers: [...output.data], tokens: 0 };
}
