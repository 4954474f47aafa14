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

async function run(session, Tensor, { sequences, segments }) {
  const shape = [sequences.length, sequences[0].length];
  const tensor = (rows) => new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), shape);
  const given = {
    input_ids: () => tensor(sequences),
    attention_mask: () => tensor(sequences.map((row) => row.map(() => 1))),
    token_type_ids: () => tensor(segments),
  };
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, given[name]()]));
  const start = performance.now();
  const { logits } = await session.run(feeds);
  const milliseconds = performance.now() - start;
  return { milliseconds, logits: [...logits.data], tokens: sequences.flat().length };
}
