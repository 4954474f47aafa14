import { untilAborted } from '../common/deferred.js';
import { disposedError } from '../common/errors.js';
import { startQuietTimer } from '../common/timer.js';
import type { Backend, ModelStatistics, TextTask } from '../engine/backend.js';

/** A model that is freed after a time without calls. The next call loads it again. */
export class IdleBackend implements Backend {
  readonly #load: (signal: AbortSignal) => Promise<Backend>;
  readonly #idleMilliseconds: number;
  /** Facts about the model, which stay the same while it is freed. */
  readonly #facts: ModelStatistics;
  readonly #disposal = new AbortController();
  #backend: Backend | undefined;
  #loading: Promise<Backend> | undefined;
  /** Settles when the memory of the last model is free, so that two models never take memory together. */
  #freed: Promise<void> = Promise.resolve();
  #calls = 0;
  #stopTimer = () => {};

  private constructor(
    backend: Backend,
    facts: ModelStatistics,
    load: (signal: AbortSignal) => Promise<Backend>,
    idleMilliseconds: number,
  ) {
    this.#backend = backend;
    this.#facts = { ...facts, memoryBytes: 0 };
    this.#load = load;
    this.#idleMilliseconds = idleMilliseconds;
    this.#rest();
  }

  /** Takes the loaded `backend` over, which `load` loads again. */
  static async start(
    backend: Backend,
    load: (signal: AbortSignal) => Promise<Backend>,
    idleMilliseconds: number,
  ): Promise<IdleBackend> {
    try {
      return new IdleBackend(backend, await backend.statistics(), load, idleMilliseconds);
    } catch (error) {
      await backend.dispose();
      throw error;
    }
  }

  async run(task: TextTask): Promise<void> {
    // An empty list needs no model.
    if (task.texts.length === 0 && !this.#backend && !this.#disposal.signal.aborted) return;
    this.#stopTimer();
    this.#calls += 1;
    try {
      const backend = await untilAborted(this.#usable(), task.signal);
      await backend.run(task);
    } finally {
      this.#calls -= 1;
      this.#rest();
    }
  }

  /** Loads nothing, and is no call: a monitor must not keep the model in memory. */
  async statistics(): Promise<ModelStatistics> {
    const backend = this.#backend;
    if (this.#disposal.signal.aborted) throw disposedError();
    if (!backend) return this.#facts;
    try {
      return await backend.statistics();
    } catch (error) {
      if (this.#backend === backend || this.#disposal.signal.aborted) throw error;
      return this.#facts;
    }
  }

  async dispose(): Promise<void> {
    this.#stopTimer();
    this.#disposal.abort();
    // A load under way fails now, and its calls have the failure.
    await this.#loading?.catch(() => {});
    await this.#freed;
    await this.#backend?.dispose();
  }

  async #usable(): Promise<Backend> {
    if (this.#disposal.signal.aborted) throw disposedError();
    if (this.#backend) return this.#backend;
    this.#loading ??= this.#loadAgain();
    return this.#loading;
  }

  async #loadAgain(): Promise<Backend> {
    const { signal } = this.#disposal;
    try {
      await this.#freed;
      const backend = await this.#load(signal);
      this.#backend = backend;
      if (signal.aborted) await backend.dispose();
      signal.throwIfAborted();
      return backend;
    } catch (error) {
      throw signal.aborted ? disposedError() : error;
    } finally {
      this.#loading = undefined;
      // The calls that wanted the model may have been aborted.
      this.#rest();
    }
  }

  /** Starts to wait for a call, unless one is under way. */
  #rest(): void {
    this.#stopTimer();
    if (this.#calls > 0 || this.#disposal.signal.aborted) return;
    this.#stopTimer = startQuietTimer(this.#idleMilliseconds, () => this.#free());
  }

  #free(): void {
    const backend = this.#backend;
    this.#backend = undefined;
    // An instance that crashed may fail here. Nothing of it is used again.
    if (backend) this.#freed = backend.dispose().catch(() => {});
  }
}
