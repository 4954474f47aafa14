import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../common/errors.js';
import { located, threadsEngineUrl } from '../engine-urls.js';
import type { ThreadMessage } from '../instance/thread.js';
import type { StartThread } from '../instance/thread-pool.js';
import type { ThreadSupport } from '../instance/thread-support.js';
import { startThreaded } from '../instance/threaded.js';
import { availableBytes } from './available-memory.js';
import { compileFile } from './node-files.js';

/** Memory that a thread may need, estimated generously; it limits threads on a machine that is short of memory. */
const bytesPerThread = 64 << 20;

/** Threads that `worker_threads` runs. */
export const nodeThreads: ThreadSupport = {
  processors: availableParallelism,
  room: () => 1 + Math.floor(availableBytes() / bytesPerThread),
  engine: async () => compileFile(threadsEngineUrl()),
  startInstance: (module, wish) => startThreaded(module, wish, startThread),
};

const startThread: StartThread = (task, listener) => {
  // The flags of the process are left out: with some (--input-type) a thread does not start. NODE_OPTIONS still apply.
  const options = { workerData: task, execArgv: [] };
  const script = located('node-thread.js', 'threads', () => new URL('./node-thread.js', import.meta.url));
  const thread = new Worker(script, options);
  thread.on('message', (message: ThreadMessage) => {
    // A thread that has started must not keep the process alive if its reranker is never disposed.
    thread.unref();
    listener.receive(message);
  });
  thread.on('messageerror', (error) => listener.fail(messageOf(error)));
  thread.on('error', (error) => listener.fail(messageOf(error)));
  thread.on('exit', (code) => listener.fail(`it ended with exit code ${code}`));
  return () => {
    // A late message would unref the thread, and the process could end before `terminate` settles.
    for (const event of ['message', 'exit']) thread.removeAllListeners(event);
    return thread.terminate();
  };
};
