// engine.mjs WASM MODEL TOKENIZER CONFIG: loads a model and prints its seconds and memory as JSON.
import { load } from './instance.mjs';

const { memory, seconds } = await load(...process.argv.slice(2));
// Linear memory never shrinks, so its size now is the peak.
console.log(JSON.stringify({ ...seconds, bytes: memory.buffer.byteLength }));
