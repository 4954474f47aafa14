import { untilAborted } from '../common/deferred.js';
import { disposedError } from '../common/errors.js';
import type { Backend, ModelStatistics, TextTask } from '../engine/backend.js';
import { LostError, type WorkerLink } from './link.js';

/** A link that can be replaced. */
interface Held {
  link: WorkerLink;
}

/** Ends the worker of a backend that the caller dropped without `dispose`: nothing else would free its memory. */
const dropped =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<Held>(({ link }) => link.close(disposedError()));

/**
 * A model in a worker. If the instance or the worker crashes, the worker is ended, and the next call starts another
 * one. A crash of the instance fails the call that caused it; the other calls continue in the new worker. A crash of
 * the worker fails all its calls.
 */
export class WorkerBackend implements Backend {
  readonly #restart: (signal: AbortSignal) => Promise<WorkerLink>;
  readonly #disposal = new AbortController();
  readonly #held: Held;
  #replacement: Promise<WorkerLink> | undefined;

  /** `restart` returns another worker with the model loaded. */
  constructor(link: WorkerLink, restart: (signal: AbortSignal) => Promise<WorkerLink>) {
    this.#held = { link };
    this.#restart = restart;
    dropped?.register(this, this.#held);
  }

  async run(task: TextTask): Promise<void> {
    const { texts, signal } = task;
    let done = 0;
    // Results arrive in the order of the list, so `done` also says where a new worker continues.
    const onResult: TextTask['onResult'] = (result) => {
      done += 1;
      task.onResult({ ...result, index: done - 1 });
    };
    await this.#ask(signal, (link) => link.run({ ...task, texts: texts.slice(done), onResult }));
  }

  statistics(): Promise<ModelStatistics> {
    return this.#ask(undefined, (link) => link.statistics());
  }

  async dispose(): Promise<void> {
    this.#disposal.abort();
    const { link } = this.#held;
    link.close(disposedError());
    await link.ended();
    await this.#replacement?.then((replacing) => replacing.ended()).catch(() => {});
  }

  /** Repeats a request that failed only because another call crashed the instance. */
  async #ask<Value>(signal: AbortSignal | undefined, ask: (link: WorkerLink) => Promise<Value>): Promise<Value> {
    for (;;) {
      const link = this.#held.link.open ? this.#held.link : await untilAborted(this.#replaced(), signal);
      try {
        return await ask(link);
      } catch (error) {
        if (!(error instanceof LostError)) throw error;
      }
    }
  }

  async #replaced(): Promise<WorkerLink> {
    if (this.#disposal.signal.aborted) throw disposedError();
    this.#replacement ??= this.#replace();
    return this.#replacement;
  }

  async #replace(): Promise<WorkerLink> {
    const { signal } = this.#disposal;
    try {
      const link = await this.#restart(signal);
      if (signal.aborted) link.close(disposedError());
      this.#held.link = link;
      return link;
    } catch (error) {
      throw signal.aborted ? disposedError() : error;
    } finally {
      this.#replacement = undefined;
    }
  }
}
