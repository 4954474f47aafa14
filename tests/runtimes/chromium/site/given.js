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
export async function load(model, call, options) {
  const files = {
    model,
    tokenizer: new URL('/tokenizer/tokenizer.json', graph),
    config: new URL('/standin/config.json', graph),
  };
  const common = { model: { name: 'standin', files }, threads: 1, cache: 'none' };
  const reranker = await createReranker({ ...common, ...options });
  const results = await reranker.rerank(...call);
  const { memoryBytes } = await reranker.statistics();
  await reranker.dispose();
  return { results, memoryBytes };
}

/**
 * Loads as `load` does, in place. Returns the most bytes that JavaScript held meanwhile beside what it held before: its
 * objects and its buffers, without linear memory. It needs a browser with `gc` and precise numbers.
 */
export async function bytesBeside(model, call) {
  // What the form was made of is garbage after this turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = held();
  let [most, looked] = [0, 0];
  const onProgress = ({ loaded }) => {
    // A look takes milliseconds.
    if (Math.abs(loaded - looked) < 8e6) return;
    looked = loaded;
    most = Math.max(most, held() - before);
  };
  await load(model, call, { worker: false, onProgress });
  return most;
}

function held() {
  // The second finishes what the first has left to another thread.
  gc();
  gc();
  return performance.memory.usedJSHeapSize;
}
