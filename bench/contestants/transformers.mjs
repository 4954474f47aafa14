// Runs transformers.js as its documentation reranks: tokenizer with `text_pair`, padding, truncation, one batch, sigmoid.

export async function load({ module, wasmPaths, models, name }) {
  const { AutoModelForSequenceClassification, AutoTokenizer, env } = await import(module);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = models;
  env.useBrowserCache = false;
  env.backends.onnx.wasm.numThreads = 1;
  env.backends.onnx.wasm.wasmPaths = wasmPaths;
  const start = performance.now();
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForSequenceClassification.from_pretrained(name, { dtype: 'q8', device: 'wasm' });
  const milliseconds = performance.now() - start;
  return { loaded: { milliseconds }, run: (input) => run(tokenizer, model, input) };
}

async function run(tokenizer, model, { query, documents }) {
  const start = performance.now();
  const inputs = tokenizer(Array(documents.length).fill(query), {
    text_pair: documents,
    padding: true,
    truncation: true,
  });
  const { logits } = await model(inputs);
  const scores = logits.sigmoid().tolist();
  const milliseconds = performance.now() - start;
  return { milliseconds, logits: [...logits.data], scores, tokens: inputs.input_ids.data.length };
}
