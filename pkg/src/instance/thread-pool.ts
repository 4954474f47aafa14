import { Deferred } from '../common/deferred.js';
import { RerankError, withReason } from '../common/errors.js';
import { startSeconds, startTimer } from '../common/timer.js';
import type { ThreadMessage, ThreadTask } from './thread.js';

/** Receives the messages and the end of a thread. */
export interface ThreadListener {
  receive(message: ThreadMessage): void;
  /** The thread ended by itself, or its code could not be loaded. */
  fail(reason: string): void;
}

/** Ends a thread at once; settles when it has ended, on platforms that report it. */
export type EndThread = () => Promise<unknown>;

/** Starts the code of `thread.ts` in a thread. */
export type StartThread = (task: ThreadTask, listener: ThreadListener) => EndThread;

/** The further threads of one instance. `close` ends them all. */
export class ThreadPool {
  readonly #threads: EndThread[] = [];
  readonly #ready: Deferred<void>;
  readonly #leave: () => void;
  #waitingFor: number;
  #failure: RerankError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(count: number, signal: AbortSignal | undefined, leave: () => void) {
    this.#leave = leave;
    this.#waitingFor = count;
    this.#ready = new Deferred(signal);
    if (count === 0) this.#ready.resolve();
  }

  /**
   * Starts `count` threads; settles when all of them wait for work, or when one did not report in time. `leave` makes
   * the waiting threads return: Deno cannot end a thread that waits inside WebAssembly.
   *
   * @throws `unsupported_environment`, `out_of_memory`, `aborted`
   */
  static async start(
    count: number,
    start: StartThread,
    task: ThreadTask,
    signal: AbortSignal | undefined,
    leave: () => void = () => {},
  ): Promise<ThreadPool> {
    const pool = new ThreadPool(count, signal, leave);
    const stopTimer = startTimer(startSeconds, () =>
      pool.#ready.reject(notStarted(`one did not answer within ${startSeconds} s`)),
    );
    pool.#begin(count, start, task);
    try {
      await pool.#ready.promise;
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    } finally {
      stopTimer();
    }
  }

  /** Number of threads, without the instance's first one. */
  get size(): number {
    return this.#threads.length;
  }

  /** The failure of a thread that ended early, if one did. */
  get failure(): RerankError | undefined {
    return this.#failure;
  }

  /** Ends the threads; settles when they have ended. It may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      this.#leave();
    } catch {
      // The instance crashed; its waiting threads are ended all the same.
    }
    await Promise.all(this.#threads.splice(0).map((end) => end()));
  }

  #begin(count: number, start: StartThread, task: ThreadTask): void {
    try {
      while (!this.#ready.settled && this.#threads.length < count) this.#threads.push(start(task, this.#listener()));
    } catch (cause) {
      this.#ready.reject(notStarted(cause, cause));
    }
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
    this.#failure ??= new RerankError(code, withReason('A thread of the engine failed', reason));
    this.#ready.reject(code === 'out_of_memory' ? this.#failure : notStarted(reason));
  }
}

function notStarted(reason: unknown, cause?: unknown): RerankError {
  const message = withReason('The threads of the engine could not be started', reason, 'use `threads: 1`');
  return new RerankError('unsupported_environment', message, { cause });
}
