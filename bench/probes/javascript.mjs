// javascript.mjs SETTINGS, with --expose-gc: loads a model through the package. Prints as JSON the most memory that
// JavaScript held beside the linear memory. Each look collects garbage first, so only memory in use counts.
const settings = JSON.parse(process.argv[2]);
const { createReranker } = await import(settings.module);

/** True if this process reports linear memory among its array buffers. */
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

if (countsLinearMemory()) {
  throw new Error(
    'This Node reports linear memory as array buffers, so the probe cannot tell them apart; use Node 24.',
  );
}
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
