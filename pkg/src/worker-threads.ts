import { browserPlatform } from './platforms/browser.js';
import { type Scope, serve } from './workers/serve.js';
import { serveAsThread, workerThreads } from './workers/worker-threads.js';

// One script for the worker with the engine and for its threads: what it is, it learns by the first message.
const scope = globalThis as unknown as Scope;
serveAsThread(scope);
serve(scope, browserPlatform(workerThreads(scope)));
