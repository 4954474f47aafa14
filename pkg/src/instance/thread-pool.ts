import { Deferred } from '../common/deferred.js';
import { messageOf, RerankError } from '../common/errors.js';
import { silence, startSeconds, startTimer } from '../common/timer.js';
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
   * Starts `count` threads; settles when all of them wait for work, or one has not said so in 30 s. `leave` has those leave
   * that wait for work: Deno cannot end a thread that waits inside WebAssembly.
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
    const stopTimer = startTimer(startSeconds, () => pool.#ready.reject(notStarted(silence)));
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

  /** Threads, without the one that the engine itself has. */
  get size(): number {
    return this.#threads.length;
  }

  /** Why a thread has ended before its time, if one has. */
  get failure(): RerankError | undefined {
    return this.#failure;
  }

  /** Ends the threads; settles when they have ended, however often it is called. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    try {
      this.#leave();
    } catch {
      // The engine broke; what waits for work in it is ended all the same.
    }
    await Promise.all(this.#threads.splice(0).map((end) => end()));
  }

  #begin(count: number, start: StartThread, task: ThreadTask): void {
    try {
      while (!this.#ready.settled && this.#threads.length < count) this.#threads.push(start(task, this.#listener()));
    } catch (cause) {
      this.#ready.reject(notStarted(messageOf(cause), cause));
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
    this.#failure ??= new RerankError(code, `a thread of the engine failed: ${reason}`);
    this.#ready.reject(code === 'out_of_memory' ? this.#failure : notStarted(reason));
  }
}

function notStarted(reason: string, cause?: unknown): RerankError {
  return new RerankError('unsupported_environment', `no threads can be started: ${reason}`, { cause });
}
