import { compileUrl } from '../engine/compile.js';
import { threadsEngineUrl } from '../engine-urls.js';
import { memoryForThreads } from '../instance/device-memory.js';
import { serveThread, type ThreadMessage, type ThreadTask } from '../instance/thread.js';
import type { StartThread, ThreadListener } from '../instance/thread-pool.js';
import type { ThreadSupport } from '../instance/thread-support.js';
import { startThreaded } from '../instance/threaded.js';
import type { Scope } from './serve.js';

/** Threads of the package's worker. The page that started the worker starts them too, each with the same script. */
export function workerThreads(scope: Scope): ThreadSupport {
  const listeners = new Map<number, ThreadListener>();
  let last = 0;
  scope.addEventListener('message', ({ data }) => {
    if (data.type === 'thread-lost') listeners.get(data.thread)?.fail(data.reason);
  });

  const startThread: StartThread = (task, listener) => {
    last += 1;
    const thread = last;
    listeners.set(thread, listener);
    // Tasks carry the memory. They go through a port, because memory that reaches the page waits there for its
    // collector.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<ThreadMessage>) => listener.receive(data);
    port1.onmessageerror = () => listener.fail('a message cannot be read');
    port1.postMessage(task);
    scope.postMessage({ type: 'start-thread', thread, port: port2 }, [port2]);
    return async () => {
      listeners.delete(thread);
      port1.close();
      scope.postMessage({ type: 'end-thread', thread });
    };
  };

  return {
    processors: () => navigator.hardwareConcurrency ?? 1,
    room: memoryForThreads,
    engine: (signal) => compileUrl(threadsEngineUrl().href, { signal }),
    startInstance: (module, wish) => startThreaded(module, wish, startThread),
  };
}

/** Makes the worker a thread of another worker's instance when the page asks for one. */
export function serveAsThread(scope: Scope): void {
  scope.addEventListener('message', ({ data }) => {
    if (data.type !== 'be-thread') return;
    const { port } = data;
    const say = (message: ThreadMessage) => port.postMessage(message);
    port.onmessage = ({ data: task }: MessageEvent<ThreadTask>) => void serveThread(task, say);
    port.onmessageerror = () => say({ type: 'thread-failed', code: 'internal', message: 'its task cannot be read' });
  });
}
