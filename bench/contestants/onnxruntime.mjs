// Runs onnxruntime-web, by default on one thread. It takes token ids as one batch, all rows of one length.

export async function load({ module, wasmPaths, model, threads = 1 }) {
  const { InferenceSession, Tensor, env } = await import(module);
  env.wasm.numThreads = threads;
  if (wasmPaths) env.wasm.wasmPaths = wasmPaths;
  const start = performance.now();
  const session = await InferenceSession.create(model, { executionProviders: ['wasm'] });
  const milliseconds = performance.now() - start;
  return { loaded: { milliseconds }, run: (input) => run(session, Tensor, input) };
}

async function run(session, Tensor, { sequences }) {
  const shape = [sequences.length, sequences[0].length];
  const ids = BigInt64Array.from(sequences.flat(), BigInt);
  const feeds = {
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
  };
  const start = performance.now();
  const { logits } = await session.run(feeds);
  const milliseconds = performance.now() - start;
  return { milliseconds, logits: [...logits.data], tokens: ids.length };
}
