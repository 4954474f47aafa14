import { messageOf } from '../common/errors.js';
import type { StartWorker, WorkerHandle } from '../common/worker-handle.js';
import type { Message, ThreadRequest } from './protocol.js';

interface PageThread {
  worker: WorkerHandle;
  /** The thread's end of its channel to the worker with the instance. This side holds it until the thread runs. */
  port: MessagePort;
}

/**
 * The further threads of the instance in one worker. This side starts them as it started that worker. If that worker
 * started them, Chromium might never free it when it is ended while they are ending.
 */
export class PageThreads {
  readonly #create: StartWorker;
  readonly #owner: WorkerHandle;
  readonly #threads = new Map<number, PageThread>();

  /** `create` starts another worker with the script of `owner`, the worker with the instance. */
  constructor(create: StartWorker, owner: WorkerHandle) {
    this.#create = create;
    this.#owner = owner;
  }

  /** Starts a thread, which talks to the worker with the instance through `port`. */
  start(thread: number, port: MessagePort): void {
    try {
      const worker = this.#create();
      worker.addEventListener('message', ({ data }: MessageEvent<Message>) => {
        if (data.type === 'ready') worker.postMessage({ type: 'be-thread', port } satisfies ThreadRequest, [port]);
      });
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        this.#lose(thread, event.message || 'its script cannot be loaded');
      });
      worker.addEventListener('messageerror', () => this.#lose(thread, 'a message cannot be read'));
      this.#threads.set(thread, { worker, port });
    } catch (cause) {
      port.close();
      this.#lose(thread, messageOf(cause));
    }
  }

  end(thread: number): void {
    const it = this.#threads.get(thread);
    this.#threads.delete(thread);
    it?.worker.terminate();
    // A thread that never ran has its task still in the port, and the task holds the instance's memory.
    it?.port.close();
  }

  /** Ends all of them. */
  close(): void {
    for (const thread of this.#threads.keys()) this.end(thread);
  }

  #lose(thread: number, reason: string): void {
    this.#owner.postMessage({ type: 'thread-lost', thread, reason } satisfies ThreadRequest, []);
  }
}
