import { messageOf } from '../common/errors.js';
import type { Message, ThreadRequest } from './protocol.js';

interface PageThread {
  worker: Worker;
  /** The thread's end of what it and the engine's worker speak by, which this side has until the thread runs. */
  port: MessagePort;
}

/**
 * The further threads of the engine in one worker. They are workers of whoever started that one, not its own: Chromium may
 * never get rid of a worker that is ended while workers of its own are ending.
 */
export class PageThreads {
  readonly #create: () => Worker;
  readonly #engine: Worker;
  readonly #threads = new Map<number, PageThread>();

  /** `create` starts another worker with the script of `engine`, the one that the threads are for. */
  constructor(create: () => Worker, engine: Worker) {
    this.#create = create;
    this.#engine = engine;
  }

  /** Starts a thread; it and the engine's worker speak by `port`. */
  start(thread: number, port: MessagePort): void {
    try {
      const worker = this.#another();
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
    // What waits in it for a thread that never ran holds the engine's memory.
    it?.port.close();
  }

  /** Ends all of them. */
  close(): void {
    for (const thread of this.#threads.keys()) this.end(thread);
  }

  #another(): Worker {
    const worker = this.#create();
    const known = [this.#engine, ...[...this.#threads.values()].map((thread) => thread.worker)];
    if (known.includes(worker)) throw new Error('`worker` gave the same worker twice');
    return worker;
  }

  #lose(thread: number, reason: string): void {
    this.#engine.postMessage({ type: 'thread-lost', thread, reason } satisfies ThreadRequest);
  }
}
