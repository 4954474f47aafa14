import type { RerankError } from '../common/errors.js';
import type { TextCall } from './text-call.js';

/** Calls that share one instance by turns, in the order of their arrival. The event loop runs between two turns. */
export class TurnQueue {
  readonly #pause: () => Promise<void>;
  readonly #takeTurn: (call: TextCall) => Promise<void>;
  /** In the order of their turns. */
  readonly #calls: TextCall[] = [];
  #serving: Promise<void> | undefined;

  constructor(pause: () => Promise<void>, takeTurn: (call: TextCall) => Promise<void>) {
    this.#pause = pause;
    this.#takeTurn = takeTurn;
  }

  /** The calls under way, in the order of their turns. */
  get calls(): readonly TextCall[] {
    return this.#calls;
  }

  /** Adds a call; its promise settles through its turns. */
  add(call: TextCall): void {
    this.#calls.push(call);
    this.#serving ??= this.#serve();
  }

  /** Fails every call; settles after the last turn. */
  async end(error: RerankError): Promise<void> {
    for (const call of this.#calls) call.reject(error);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for (let call = this.#calls[0]; call; call = this.#calls[0]) {
      await this.#pause();
      if (!call.settled) await this.#takeTurn(call);
      this.#calls.shift();
      if (call.settled) call.release();
      else this.#calls.push(call);
    }
    this.#serving = undefined;
  }
}
