// compact-tokenizer.mjs TOKENIZER_JSON OUTPUT: the engine in pkg/dist converts the tokenizer to its compact form.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { Instance } from '../pkg/dist/instance/instance.js';
import { engineName } from '../pkg/dist/instance/simd.js';

const [input, output] = process.argv.slice(2);
// `make demo` builds only the engine that the package takes in this Node.
const engine = new URL(`../pkg/dist/wasm/${engineName()}`, import.meta.url);
const instance = await Instance.start(await WebAssembly.compile(readFileSync(engine)));
const bytes = readFileSync(input);
const compact = instance.call(() => {
  const loader = new instance.bindings.Loader();
  loader.begin('tokenizer', bytes.length);
  loader.push(bytes);
  return loader.endAndConvert();
});
if (!compact) {
  throw new Error(`The engine returned no compact form for ${input}; pass a tokenizer.json with a unigram model.`);
}
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, compact);
