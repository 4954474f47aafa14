import { Deferred } from './deferred.js';
import { messageOf, RerankError } from './errors.js';
import type { ThreadMessage, ThreadTask } from './thread.js';

/** A thread that was started, and what it is told by. */
export interface ThreadListener {
  receive(message: ThreadMessage): void;
  /** It ended by itself, or its code cannot be loaded. */
  fail(reason: string): void;
}

/** Ends a thread, whatever it does; settles when it has ended, where that can be known. */
export type EndThread = () => Promise<unknown>;

/** Starts the code of `thread.ts` in a thread. */
export type StartThread = (task: ThreadTask, listener: ThreadListener) => EndThread;

/** The further threads of one instance of the engine. None of them outlives `close`. */
export class ThreadPool {
  readonly #threads: EndThread[] = [];
  readonly #ready = new Deferred<void>();
  #waitingFor: number;
  #failure: RerankError | undefined;

  private constructor(count: number) {
    this.#waitingFor = count;
    if (count === 0) this.#ready.resolve();
  }

  /**
   * Starts `count` threads; settles when all of them wait for work.
   *
   * @throws `unsupported_environment`, `out_of_memory`, `aborted`
   */
  static async start(
    count: number,
    start: StartThread,
    task: ThreadTask,
    signal: AbortSignal | undefined,
  ): Promise<ThreadPool> {
    const pool = new ThreadPool(count);
    const ready = new Deferred<void>(signal);
    pool.#ready.promise.then(
      () => ready.resolve(),
      (error) => ready.reject(error),
    );
    try {
      for (let index = 0; index < count; index += 1) pool.#threads.push(start(task, pool.#listener()));
      await ready.promise;
      return pool;
    } catch (cause) {
      await pool.close();
      if (cause instanceof RerankError) throw cause;
      throw notStarted(messageOf(cause), cause);
    }
  }

  /** Threads, without the one that the engine itself has. */
  get size(): number {
    return this.#threads.length;
  }

  /** Why a thread has ended before its time, if one has. */
  get failure(): RerankError | undefined {
    return this.#failure;
  }

  async close(): Promise<void> {
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map((end) => end()));
  }

  #listener(): ThreadListener {
    return {
      receive: (message) => {
        if (message.type === 'thread-failed') return this.#fail(message.code, message.message);
        this.#waitingFor -= 1;
        if (this.#waitingFor === 0) this.#ready.resolve();
      },
      fail: (reason) => this.#fail('internal', reason),
    };
  }

  #fail(code: RerankError['code'], reason: string): void {
    this.#failure ??= new RerankError(code, `a thread of the engine failed: ${reason}`);
    this.#ready.reject(code === 'out_of_memory' ? this.#failure : notStarted(reason));
  }
}

function notStarted(reason: string, cause?: unknown): RerankError {
  return new RerankError('unsupported_environment', `no threads can be started: ${reason}`, { cause });
}
