import { browserPlatform } from './platforms/browser.js';
import { type Scope, serve } from './workers/serve.js';

serve(
  globalThis as unknown as Scope,
  browserPlatform('the worker runs `rerank-wasm/worker`, and only `rerank-wasm/worker-threads` has threads'),
);
