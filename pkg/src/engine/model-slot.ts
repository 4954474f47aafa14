import { disposedError } from '../common/errors.js';
import type { Instance } from '../instance/instance.js';
import { type LoadedModel, modelUntilAborted } from './load.js';

/** Loads the model again, into another instance. */
export type Reload = (signal: AbortSignal) => Promise<LoadedModel>;

type State =
  | { is: 'ready'; model: LoadedModel }
  /** `instance` is the crashed one, if nothing replaces it. */
  | { is: 'crashed'; instance?: Instance }
  | { is: 'replacing'; model: Promise<LoadedModel>; stop: AbortController }
  /** `instance` is the one that {@link ModelSlot.close} has to close, if any. */
  | { is: 'disposed'; instance?: Instance | undefined };

/** The place of a model in this thread. With a `reload`, a crashed instance is replaced at the next use. */
export class ModelSlot {
  readonly #reload: Reload | undefined;
  #state: State;
  /** Settles when the threads of the crashed instance have ended. */
  #cleared: Promise<void> = Promise.resolve();

  /** Without `reload` a crashed instance is not replaced. */
  constructor(model: LoadedModel, reload?: Reload) {
    this.#state = { is: 'ready', model };
    this.#reload = reload;
  }

  /** True if crashed instances are replaced. */
  get isReplaced(): boolean {
    return this.#reload !== undefined;
  }

  /** The model, if its instance can be called now. */
  get ready(): LoadedModel | undefined {
    const state = this.#settle();
    return state.is === 'ready' ? state.model : undefined;
  }

  /**
   * Returns the model in an instance that can be called. If the last instance crashed, that is another one.
   *
   * @throws `disposed`, CrashedError if nothing replaces the instance, and the errors of loading
   */
  async usable(): Promise<LoadedModel> {
    const state = this.#settle();
    if (state.is === 'disposed') throw disposedError();
    if (state.is !== 'crashed') return state.model;
    if (state.instance) throw state.instance.crashedError();
    return this.#replace();
  }

  /** Refuses every later use and aborts a replacement under way. {@link close} frees the model. */
  stop(): void {
    const last = this.#settle();
    if (last.is === 'disposed') return;
    if (last.is === 'replacing') abort(last.stop);
    const instance = last.is === 'ready' ? last.model.instance : last.is === 'crashed' ? last.instance : undefined;
    this.#state = { is: 'disposed', instance };
  }

  /** Frees a stopped model; settles when its threads, and those of a crashed instance, have ended. */
  async close(): Promise<void> {
    await this.#cleared;
    if (this.#state.is !== 'disposed') return;
    const { instance } = this.#state;
    // The caller may hold the reranker for long; the memory goes now.
    this.#state = { is: 'disposed' };
    await instance?.close();
  }

  /** Checks whether the instance has crashed, and returns the state. */
  #settle(): State {
    if (this.#state.is !== 'ready' || this.#state.model.instance.usable) return this.#state;
    const { instance } = this.#state.model;
    if (this.#reload) {
      this.#cleared = instance.close();
      // The next use, or the disposal, reports a failure.
      this.#cleared.catch(() => {});
    }
    // A reference to a crashed instance would keep its memory alive.
    this.#state = this.#reload ? { is: 'crashed' } : { is: 'crashed', instance };
    return this.#state;
  }

  #replace(): Promise<LoadedModel> {
    // In workerd a controller belongs to the request that made it.
    const stop = new AbortController();
    const model = this.#load(stop.signal);
    this.#state = { is: 'replacing', model, stop };
    return model;
  }

  async #load(signal: AbortSignal): Promise<LoadedModel> {
    try {
      await this.#cleared;
      if (!this.#reload || this.#isDisposed()) throw disposedError();
      const model = await modelUntilAborted(this.#reload(signal), signal);
      if (this.#isDisposed()) {
        await model.instance.close();
        throw disposedError();
      }
      this.#state = { is: 'ready', model };
      return model;
    } catch (error) {
      if (this.#isDisposed()) throw disposedError();
      this.#state = { is: 'crashed' };
      throw error;
    }
  }

  #isDisposed(): boolean {
    return this.#state.is === 'disposed';
  }
}

function abort(controller: AbortController): void {
  try {
    controller.abort();
  } catch {
    // In workerd a request cannot stop another's replacement; that ends by itself and is dropped.
  }
}
