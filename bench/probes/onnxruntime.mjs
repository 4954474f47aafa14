// onnxruntime.mjs MODULE MODEL: makes a session from bytes in memory and prints the seconds as JSON.
import { readFileSync } from 'node:fs';

const [module, model] = process.argv.slice(2);
const { InferenceSession, env } = await import(module);
env.wasm.numThreads = 1;
const bytes = readFileSync(model);
const start = performance.now();
await InferenceSession.create(bytes, { executionProviders: ['wasm'] });
console.log(JSON.stringify({ graph: (performance.now() - start) / 1000 }));
