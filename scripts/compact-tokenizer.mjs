// compact-tokenizer.mjs TOKENIZER_JSON OUTPUT: writes the compact form with the engine that was just built.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { Instance } from '../pkg/dist/instance/instance.js';

const [input, output] = process.argv.slice(2);
const engine = new URL('../pkg/dist/wasm/rerank.wasm', import.meta.url);
const instance = await Instance.start(await WebAssembly.compile(readFileSync(engine)));
const bytes = readFileSync(input);
const compact = instance.call(() => {
  const loader = new instance.bindings.Loader();
  loader.begin('tokenizer', bytes.length);
  loader.push(bytes);
  return loader.endAndConvert();
});
if (!compact) throw new Error(`${input} has no compact form`);
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, compact);
