import { compileUrl } from './http.js';
import type { ThreadSupport } from './platform.js';
import type { StartThread } from './pool.js';
import type { ThreadMessage } from './thread.js';
import { startThreaded } from './threaded-runtime.js';

/** What a worker is called that is to be a further thread, and not the engine's worker. */
export const threadName = 'rerank-wasm thread';

/** Threads of a worker of the package's: each runs the script of that worker. */
export const workerThreads: ThreadSupport = {
  processors,
  engine: (signal) => compileUrl(new URL('./wasm/rerank-threads.wasm', import.meta.url).href, { signal }),
  startRuntime: (module, count, signal) => startThreaded(module, count, startThread, signal),
};

/** As many as the machine has, but fewer where it has little memory. */
function processors(): number {
  const { hardwareConcurrency = 1 } = navigator;
  const gigabytes = 'deviceMemory' in navigator ? Number(navigator.deviceMemory) : Number.POSITIVE_INFINITY;
  return Math.min(hardwareConcurrency, Math.max(1, 2 * gigabytes));
}

const startThread: StartThread = (task, listener) => {
  const thread = new Worker(globalThis.location.href, { type: 'module', name: threadName });
  thread.addEventListener('message', ({ data }: MessageEvent<ThreadMessage>) => listener.receive(data));
  thread.addEventListener('error', (event) => {
    event.preventDefault();
    listener.fail(event.message || 'its script cannot be loaded');
  });
  thread.postMessage(task);
  return async () => thread.terminate();
};
