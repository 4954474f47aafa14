import { browserPlatform } from './platforms/browser.js';
import { type Scope, serve } from './workers/serve.js';

serve(
  globalThis as unknown as Scope,
  browserPlatform("the worker's script is not `rerank-wasm/worker-threads`, which threads need"),
);
