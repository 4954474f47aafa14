// Starts a bare instance, without the package around it.
import { readFileSync } from 'node:fs';

import { createBindings } from '../../pkg/dist/wasm/bindings.js';

/** Loads a model from bytes in memory, in chunks of 1 MiB. Returns the model, the instance's memory, and the seconds. */
export async function load(wasm, model, tokenizer, config) {
  const files = { config, tokenizer, model };
  for (const [file, path] of Object.entries(files)) files[file] = readFileSync(path);
  const bindings = createBindings();
  const { memory, __wasm_call_ctors: construct } = await bindings({
    module_or_path: await WebAssembly.compile(readFileSync(wasm)),
  });
  construct();

  const loader = new bindings.Loader();
  const feed = (file) => {
    const bytes = files[file];
    loader.begin(file, bytes.length);
    for (let start = 0; start < bytes.length; start += 1 << 20) loader.push(bytes.subarray(start, start + (1 << 20)));
    loader.end();
  };
  feed('config');
  const start = performance.now();
  feed('tokenizer');
  const tokenizerReady = performance.now();
  feed('model');
  const loaded = loader.finish();
  const ready = performance.now();
  return {
    model: loaded,
    memory,
    seconds: { tokenizer: (tokenizerReady - start) / 1000, graph: (ready - tokenizerReady) / 1000 },
  };
}
