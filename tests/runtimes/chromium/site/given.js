import { createReranker } from '/rerank-wasm/index.js';

const graph = new URL('/standin/onnx/model_quantized.onnx', location.href);
const open = () => fetch(graph);
const blob = async () => (await open()).blob();
const buffer = async () => (await open()).arrayBuffer();

async function dataUrl() {
  const reader = new FileReader();
  const ready = new Promise((resolve) => reader.addEventListener('load', resolve));
  reader.readAsDataURL(await blob());
  await ready;
  return reader.result;
}

/** Returns a file of 279 MB in each form that a `FileLocation` has. */
export const forms = {
  URL: async () => graph,
  Uint8Array: async () => new Uint8Array(await buffer()),
  ArrayBuffer: buffer,
  Blob: blob,
  'data: URL': dataUrl,
  function: async () => open,
};

/** Loads the stand-in with its graph in this form, and ranks. */
export async function load(model, call) {
  const files = {
    model,
    tokenizer: new URL('/tokenizer/tokenizer.json', graph),
    config: new URL('/standin/config.json', graph),
  };
  const reranker = await createReranker({ model: { name: 'standin', files }, threads: 1, cache: 'none' });
  const results = await reranker.rerank(...call);
  const { memoryBytes } = await reranker.statistics();
  await reranker.dispose();
  return { results, memoryBytes };
}
