// engine.mjs WASM MODEL TOKENIZER CONFIG: loads a model into the bare engine, from bytes that are in memory, in chunks of
// 1 MiB, and prints what it took as JSON.
import { readFileSync } from 'node:fs';

import { createBindings } from '../../pkg/dist/wasm/bindings.js';

const [wasm, ...paths] = process.argv.slice(2);
const files = Object.fromEntries(
  ['model', 'tokenizer', 'config'].map((file, index) => [file, readFileSync(paths[index])]),
);
const bindings = createBindings();
const { memory, __wasm_call_ctors: construct } = await bindings({
  module_or_path: await WebAssembly.compile(readFileSync(wasm)),
});
construct();

function timed(action) {
  const start = performance.now();
  const value = action();
  return { value, seconds: (performance.now() - start) / 1000 };
}

function feed(loader, file) {
  const bytes = files[file];
  loader.begin(file, bytes.length, undefined);
  for (let start = 0; start < bytes.length; start += 1 << 20) loader.push(bytes.subarray(start, start + (1 << 20)));
  loader.end();
}

const loader = new bindings.Loader();
feed(loader, 'config');
const tokenizer = timed(() => feed(loader, 'tokenizer'));
const graph = timed(() => {
  feed(loader, 'model');
  return loader.finish();
});
// Linear memory never shrinks: what it is now is the peak.
console.log(JSON.stringify({ tokenizer: tokenizer.seconds, graph: graph.seconds, bytes: memory.buffer.byteLength }));
