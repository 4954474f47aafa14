import { browserPlatform } from './browser.js';
import { serveAsThread, workerThreads } from './browser-threads.js';
import { type Scope, serve } from './worker-serve.js';

// One script for the worker with the engine and for its threads: what it is, it learns by the first message.
const scope = globalThis as unknown as Scope;
serveAsThread(scope);
serve(scope, browserPlatform(workerThreads(scope)));
