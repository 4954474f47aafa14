import { browserPlatform } from './platforms/browser.js';
import { type Scope, serve } from './workers/serve.js';
import { serveAsThread, workerThreads } from './workers/worker-threads.js';

// The worker with the instance and its threads run the same script. The first message decides which of them it is.
const scope = globalThis as unknown as Scope;
serveAsThread(scope);
serve(scope, browserPlatform(workerThreads(scope)));
