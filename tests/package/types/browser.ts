// Compiles with the types of browsers, which have workers and WebAssembly.
import { createReranker } from 'rerank-wasm';

export async function load(engine: WebAssembly.Module): Promise<void> {
  await createReranker({ wasm: engine, worker: () => new Worker('/worker.js', { type: 'module' }) });
  // @ts-expect-error: an object is no worker
  await createReranker({ worker: () => ({}) });
}
