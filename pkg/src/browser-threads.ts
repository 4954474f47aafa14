import { messageOf } from './errors.js';
import { compileUrl } from './http.js';
import type { ThreadSupport } from './platform.js';
import type { StartThread } from './pool.js';
import type { ThreadMessage } from './thread.js';
import { startThreaded } from './threaded-runtime.js';

/** What a worker is called that is to be a further thread, and not the engine's worker. */
export const threadName = 'rerank-wasm thread';

/** How long a worker that was ended may take to be gone. */
const endMilliseconds = 1000;

/** What a thread says first: its task would be lost where its script does not listen yet. */
export interface ThreadGreeting {
  type: 'thread-listens';
}

/** Threads of a worker of the package's: each runs the script of that worker. */
export const workerThreads: ThreadSupport = {
  processors: () => navigator.hardwareConcurrency ?? 1,
  room,
  engine: (signal) => compileUrl(new URL('./wasm/rerank-threads.wasm', import.meta.url).href, { signal }),
  startRuntime: (module, count, signal) => startThreaded(module, count, startThread, signal),
};

function room(): number {
  return 'deviceMemory' in navigator ? Math.floor(2 * Number(navigator.deviceMemory)) : Number.POSITIVE_INFINITY;
}

const startThread: StartThread = (task, listener) => {
  const thread = new Worker(globalThis.location.href, { type: 'module', name: threadName });
  thread.addEventListener('message', ({ data }: MessageEvent<ThreadMessage | ThreadGreeting>) => {
    if (data.type !== 'thread-listens') return listener.receive(data);
    try {
      thread.postMessage(task);
    } catch (cause) {
      listener.fail(`its task cannot be sent: ${messageOf(cause)}`);
    }
  });
  thread.addEventListener('messageerror', () => listener.fail('a message cannot be read'));
  thread.addEventListener('error', (event) => {
    event.preventDefault();
    listener.fail(event.message || 'its script cannot be loaded');
  });
  return async (worked) => {
    // A worker whose pool has worked is ended next, and its threads with it. One whose pool has not may be ended too, but
    // Chromium would never get rid of it just after it has ended workers of its own.
    if (worked) return;
    thread.terminate();
    await new Promise((resolve) => setTimeout(resolve, endMilliseconds));
  };
};
