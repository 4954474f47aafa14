import { disposedError, toRerankError } from '../common/errors.js';
import type { RerankerStatistics } from '../common/types.js';
import type { Backend, ScoreTask } from './backend.js';
import { type LoadedModel, modelUntilAborted } from './load.js';
import type { Platform } from './platform.js';
import { Scoring } from './scoring.js';

/** Loads the model again, into another instance. */
export type Reload = (signal: AbortSignal) => Promise<LoadedModel>;

/**
 * A model in this thread. The calls take turns of a long document or a few short ones each, and the event loop turns in
 * between. An instance that broke is replaced when it is needed next, and the calls beside the one that broke it go on; those
 * that were begun fail with it where there is no other instance, or where instance after instance breaks under them.
 */
export class LocalBackend implements Backend {
  readonly #platform: Platform;
  readonly #reload: Reload | undefined;
  #model: LoadedModel | undefined;
  #disposed = false;
  #disposal: Promise<void> | undefined;
  /** Settles when the threads of the instance that broke have ended. */
  #clearance: Promise<void> | undefined;
  #replacement: Promise<LoadedModel> | undefined;
  /** Of the replacement that is under way. In workerd a controller belongs to the request that made it. */
  #stop: AbortController | undefined;
  /** In the order of their turns. */
  #calls: Scoring[] = [];
  #server: Promise<void> | undefined;

  /** Without `reload` an instance that broke stays broken. */
  constructor(model: LoadedModel, platform: Platform, reload?: Reload) {
    this.#model = model;
    this.#platform = platform;
    this.#reload = reload;
  }

  async score(task: ScoreTask): Promise<void> {
    if (this.#disposed) throw disposedError();
    const call = new Scoring(task);
    this.#calls.push(call);
    this.#server ??= this.#serve();
    return call.promise;
  }

  async statistics(): Promise<RerankerStatistics> {
    const { name, maxTokens, runtime } = await this.#usable();
    return { model: name, maxTokens, memoryBytes: runtime.memoryBytes, threads: runtime.threads };
  }

  /** False where the instance broke and is not replaced. */
  get usable(): boolean {
    return this.#reload !== undefined || this.#model?.runtime.usable === true;
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    return this.#disposal;
  }

  async #end(): Promise<void> {
    this.#disposed = true;
    try {
      this.#stop?.abort();
    } catch {
      // In workerd another request's replacement cannot be stopped; it ends by itself and is dropped.
    }
    for (const call of this.#calls) call.reject(disposedError());
    await this.#server;
    await this.#clearance;
    const model = this.#model;
    this.#model = undefined;
    await model?.runtime.close();
  }

  async #serve(): Promise<void> {
    for (let call = this.#calls[0]; call; call = this.#calls[0]) {
      await this.#platform.pause();
      if (!call.settled) await this.#takeTurn(call);
      this.#calls.shift();
      if (call.settled) call.release();
      else this.#calls.push(call);
    }
    this.#server = undefined;
  }

  async #takeTurn(call: Scoring): Promise<void> {
    const model = this.#model?.runtime.usable ? this.#model : await this.#replaceFor(this.#calls);
    if (model && !call.settled) call.step(model);
  }

  /** Another instance; undefined where there is none to be had, which all calls that wait for it are told. */
  async #replaceFor(calls: Scoring[]): Promise<LoadedModel | undefined> {
    // What they hold of the broken instance keeps its memory.
    for (const call of calls) call.leaveBroken(this.#reload !== undefined);
    if (calls.every(({ settled }) => settled)) return undefined;
    try {
      return await this.#usable();
    } catch (cause) {
      const error = toRerankError(cause);
      for (const call of calls) call.reject(error);
      return undefined;
    }
  }

  async #usable(): Promise<LoadedModel> {
    if (this.#disposed) throw disposedError();
    const model = this.#model;
    if (model?.runtime.usable) return model;
    if (model && !this.#reload) throw model.runtime.brokenError();
    this.#clearance = model?.runtime.close() ?? this.#clearance;
    this.#model = undefined;
    this.#replacement ??= this.#replace();
    return this.#replacement;
  }

  async #replace(): Promise<LoadedModel> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    try {
      await this.#clearance;
      if (!this.#reload || this.#disposed) throw disposedError();
      const model = await modelUntilAborted(this.#reload(signal), signal);
      if (this.#disposed) {
        await model.runtime.close();
        throw disposedError();
      }
      this.#model = model;
      return model;
    } catch (error) {
      throw this.#disposed ? disposedError() : error;
    } finally {
      this.#stop = undefined;
      this.#replacement = undefined;
    }
  }
}
