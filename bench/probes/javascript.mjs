// javascript.mjs SETTINGS, with --expose-gc: loads a model through the package and prints the most that JavaScript held
// beside the linear memory while it did, as JSON. Garbage is collected before every look: what counts is what is held.
const settings = JSON.parse(process.argv[2]);
const { createReranker } = await import(settings.module);

/** Bytes that a new linear memory adds to what the process reports as array buffers: none, or its size. */
function countsLinearMemory() {
  const before = process.memoryUsage().arrayBuffers;
  const memory = new WebAssembly.Memory({ initial: 256 });
  return process.memoryUsage().arrayBuffers - before >= memory.buffer.byteLength;
}

function held() {
  gc();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

if (countsLinearMemory()) throw new Error('this Node counts linear memory as array buffers');
const before = held();
let most = 0;
const onProgress = () => {
  most = Math.max(most, held() - before);
};
const { module, wasm, ...files } = settings;
const reranker = await createReranker({
  model: { name: 'bench', files },
  wasm,
  worker: false,
  cache: 'none',
  onProgress,
});
await reranker.dispose();
console.log(JSON.stringify({ bytes: most }));
