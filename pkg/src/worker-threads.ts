import { browserPlatform } from './browser.js';
import { type ThreadGreeting, threadName, workerThreads } from './browser-threads.js';
import { missingForThreads } from './isolation.js';
import { serveThread, type ThreadMessage, type ThreadTask } from './thread.js';
import { type Scope, serve } from './worker-serve.js';

/** The part of the global scope of a further thread that is used here. */
interface ThreadScope {
  readonly name: string;
  postMessage(message: ThreadMessage | ThreadGreeting): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<ThreadTask>) => void): void;
  addEventListener(type: 'messageerror', listener: () => void): void;
}

// One script for the engine's worker and the threads that this starts: it knows its own address, whatever a bundler made
// of it.
const scope = globalThis as unknown as ThreadScope;
if (scope.name === threadName) {
  scope.addEventListener('message', ({ data }) => void serveThread(data, (message) => scope.postMessage(message)));
  scope.addEventListener('messageerror', () => {
    scope.postMessage({ type: 'thread-failed', code: 'internal', message: 'its task cannot be read' });
  });
  scope.postMessage({ type: 'thread-listens' });
} else {
  serve(globalThis as unknown as Scope, { ...browserPlatform(), threads: missingForThreads() ?? workerThreads });
}
