import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../common/errors.js';
import { threadsEngineUrl } from '../engine-urls.js';
import { hasRelaxedSimd } from '../instance/simd.js';
import type { ThreadMessage } from '../instance/thread.js';
import type { StartThread } from '../instance/thread-pool.js';
import type { ThreadSupport } from '../instance/thread-support.js';
import { startThreaded } from '../instance/threaded.js';
import { availableBytes } from './available-memory.js';

/** What a thread may need of a machine whose memory is short, generously. */
const bytesPerThread = 64 << 20;

/** Threads by way of `worker_threads`, or why there are none. */
export function nodeThreads(): ThreadSupport | string {
  return hasRelaxedSimd() ? support : 'WebAssembly has no relaxed SIMD here; Node has it since 21';
}

const support: ThreadSupport = {
  processors: availableParallelism,
  room: () => 1 + Math.floor(availableBytes() / bytesPerThread),
  engine: async () => WebAssembly.compile(await readFile(fileURLToPath(threadsEngineUrl()))),
  startInstance: (module, count, signal) => startThreaded(module, count, startThread, signal),
};

const startThread: StartThread = (task, listener) => {
  // Without the arguments of the process: with some (--input-type) a thread does not start. NODE_OPTIONS hold for it.
  const options = { workerData: task, execArgv: [] };
  const thread = new Worker(new URL('./node-thread.js', import.meta.url), options);
  thread.on('message', (message: ThreadMessage) => {
    // From now on nobody waits for it alone: a reranker that is not disposed does not keep the process alive.
    thread.unref();
    listener.receive(message);
  });
  thread.on('messageerror', (error) => listener.fail(messageOf(error)));
  thread.on('error', (error) => listener.fail(messageOf(error)));
  thread.on('exit', (code) => listener.fail(`it ended with exit code ${code}`));
  return () => {
    // Its last words would have the process end before whoever waits for this is told.
    for (const event of ['message', 'exit']) thread.removeAllListeners(event);
    return thread.terminate();
  };
};
