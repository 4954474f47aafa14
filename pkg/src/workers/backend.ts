import { untilAborted } from '../common/deferred.js';
import { disposedError } from '../common/errors.js';
import type { RerankerStatistics } from '../common/types.js';
import type { Backend, ScoreTask } from '../engine/backend.js';
import { LostError, type WorkerLink } from './link.js';

/**
 * A model in a worker of its own. A worker that crashed, or whose engine broke, is ended and replaced when it is needed
 * next. Where the engine broke, calls that did not break it go on in the new one; a crash fails all that the worker had.
 */
export class WorkerBackend implements Backend {
  readonly #restart: (signal: AbortSignal) => Promise<WorkerLink>;
  readonly #disposal = new AbortController();
  #link: WorkerLink;
  #replacement: Promise<WorkerLink> | undefined;

  /** `restart` gives another worker with the model loaded. */
  constructor(link: WorkerLink, restart: (signal: AbortSignal) => Promise<WorkerLink>) {
    this.#link = link;
    this.#restart = restart;
  }

  async score(task: ScoreTask): Promise<void> {
    const { texts, onScored, signal } = task;
    let done = 0;
    // They come in the order of the list, and none comes twice.
    const tell: ScoreTask['onScored'] = (document) => {
      done += 1;
      onScored({ ...document, index: done - 1 });
    };
    await this.#ask(signal, (link) => link.score({ ...task, texts: texts.slice(done), onScored: tell }));
  }

  statistics(): Promise<RerankerStatistics> {
    return this.#ask(undefined, (link) => link.statistics());
  }

  async dispose(): Promise<void> {
    this.#disposal.abort();
    this.#link.close(disposedError());
  }

  /** Asks again where the worker was ended for what another call did. */
  async #ask<Value>(signal: AbortSignal | undefined, ask: (link: WorkerLink) => Promise<Value>): Promise<Value> {
    for (;;) {
      const link = this.#link.open ? this.#link : await untilAborted(this.#replaced(), signal);
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
      this.#link = link;
      return link;
    } catch (error) {
      throw signal.aborted ? disposedError() : error;
    } finally {
      this.#replacement = undefined;
    }
  }
}
