import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { messageOf, RerankError } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { WorkerHandle } from '../common/worker-handle.js';

/** False in a thread that the caller started, perhaps for the ranking, and in jsdom, which hides what a worker takes. */
export const startsWorkers = isMainThread && typeof MessageChannel !== 'undefined';

/** The flags of a process that decide how it downloads. With others, such as --input-type, a thread does not start. */
const downloadFlags = /^--(no-)?(use-env-proxy|dns-result-order=|network-family-autoselection|tls-)/;

/** Starts a thread with this script. NODE_OPTIONS apply to it. */
export function startWorkerThread(script: URL): WorkerHandle {
  const execArgv = process.execArgv.filter((flag) => downloadFlags.test(flag));
  return new ThreadHandle(new Worker(script, { execArgv }));
}

/** Gives a worker that the caller started, of `worker_threads` or of the web, the form of a web worker. */
export function adoptWorker(worker: unknown): WorkerHandle {
  return isThread(worker) ? new ThreadHandle(worker) : (worker as WorkerHandle);
}

/**
 * The global scope of a web worker, as far as this package uses it, in a thread.
 *
 * @throws `unsupported_environment` in a main thread
 */
export function threadScope() {
  if (!parentPort) {
    const message = 'The script `rerank-wasm/worker` runs in worker threads; start one with `new Worker(…)`.';
    throw new RerankError('unsupported_environment', message);
  }
  const port = parentPort;
  return {
    postMessage: (message: unknown, transfer: Transferable[] = []) => port.postMessage(message, transfer as never[]),
    addEventListener: (_type: 'message', listener: (event: { data: never }) => void) => {
      port.on('message', (data) => listener({ data: data as never }));
    },
  };
}

function isThread(worker: unknown): worker is Worker {
  return isObject(worker) && typeof worker.on === 'function';
}

class ThreadHandle implements WorkerHandle {
  readonly #thread: Worker;
  readonly #events = new EventTarget();

  constructor(thread: Worker) {
    this.#thread = thread;
    thread.on('message', (data) => this.#dispatch('message', { data }));
    thread.on('messageerror', () => this.#dispatch('messageerror', {}));
    thread.on('error', (error) => this.#dispatch('error', { message: messageOf(error) }));
    thread.on('exit', (code) => this.#dispatch('error', { message: `it ended with exit code ${code}` }));
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#events.addEventListener(type, listener as (event: Event) => void);
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.#thread.postMessage(message, transfer as never[]);
  }

  terminate(): Promise<unknown> {
    return this.#thread.terminate();
  }

  ref(): void {
    this.#thread.ref();
  }

  unref(): void {
    this.#thread.unref();
  }

  #dispatch(type: string, facts: object): void {
    this.#events.dispatchEvent(Object.assign(new Event(type), facts));
  }
}
