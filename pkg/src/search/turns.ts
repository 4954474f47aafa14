import { untilAborted } from '../common/deferred.js';
import type { AbortSignal } from '../common/globals.js';

/** Lets pieces of work take turns, in the order in which they were passed. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** @throws `aborted` if the signal fires during the wait; the error of `work` */
  async take<Value>(work: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    const before = this.#last;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last = before.then(() => ended);
    try {
      await untilAborted(before, signal as globalThis.AbortSignal | undefined);
      return await work();
    } finally {
      end();
    }
  }
}
