import { disposedError, toRerankError } from '../common/errors.js';
import type { Backend, ModelStatistics, TextTask } from './backend.js';
import { copyModel, type ModelCopy } from './copy.js';
import type { LoadedModel } from './load.js';
import { ModelSlot, type Reload } from './model-slot.js';
import type { Platform } from './platform.js';
import { TextCall } from './text-call.js';
import { TurnQueue } from './turn-queue.js';

/**
 * A model in this thread. Calls take turns of one long document or a few short ones.
 *
 * If an instance crashes, only the call that crashed it fails; the others go on in the next instance. They also fail if
 * there is no next instance, or if several instances in a row crash under them.
 */
export class InPlaceBackend implements Backend {
  readonly #slot: ModelSlot;
  readonly #turns: TurnQueue;
  #disposal: Promise<void> | undefined;

  /** Without `reload` a crashed instance is not replaced. */
  constructor(model: LoadedModel, { pause }: Pick<Platform, 'pause'>, reload?: Reload) {
    this.#slot = new ModelSlot(model, reload);
    this.#turns = new TurnQueue(pause, (call) => this.#takeTurn(call));
  }

  async run(task: TextTask): Promise<void> {
    if (this.#disposal) throw disposedError();
    const call = new TextCall(task);
    this.#turns.add(call);
    return call.promise;
  }

  async statistics(): Promise<ModelStatistics> {
    const { name, maxTokens, kernel, unfused, dimensions, instance } = await this.#slot.usable();
    const { memoryBytes, threads } = instance;
    return { model: name, maxTokens, memoryBytes, threads, kernel, unfused, ...(dimensions && { dimensions }) };
  }

  /** Copies the model between two turns. */
  async copy(): Promise<ModelCopy> {
    return copyModel(await this.#slot.usable());
  }

  /** False if the instance crashed and nothing replaces it. */
  get usable(): boolean {
    return this.#slot.isReplaced || this.#slot.ready !== undefined;
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    return this.#disposal;
  }

  async #end(): Promise<void> {
    this.#slot.stop();
    await this.#turns.end(disposedError());
    await this.#slot.close();
  }

  async #takeTurn(call: TextCall): Promise<void> {
    const model = this.#slot.ready ?? (await this.#replace());
    if (model && !call.settled) call.step(model);
  }

  /** Returns the model in another instance; undefined if there is none, after all waiting calls have failed. */
  async #replace(): Promise<LoadedModel | undefined> {
    const { calls } = this.#turns;
    for (const call of calls) call.leaveCrashed(this.#slot.isReplaced);
    if (calls.every(({ settled }) => settled)) return undefined;
    try {
      return await this.#slot.usable();
    } catch (cause) {
      const error = toRerankError(cause);
      for (const call of calls) call.reject(error);
      return undefined;
    }
  }
}
