import { browserPlatform } from './browser.js';
import { missingForThreads } from './isolation.js';
import { type Scope, serve } from './worker-serve.js';

const otherScript = "its worker's script is not `rerank-wasm/worker-threads`";
serve(globalThis as unknown as Scope, { ...browserPlatform(), threads: missingForThreads() ?? otherScript });
