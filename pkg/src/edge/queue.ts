import { Problem } from './wire/problem.js';

/** Seconds after which a client that found the queue full may try again. */
const retryAfter = 2;

/**
 * Takes so much of the room of a queue.
 *
 * @throws `queue_full`, and takes nothing
 */
export type Take = (amount: number) => void;

/** How much requests that run or wait may hold at a time, in tokens or in bytes. */
export class Queue {
  readonly #capacity: number;
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs `work`; what it takes is free again once it has ended, well or not. */
  async hold<Value>(work: (take: Take) => Promise<Value>): Promise<Value> {
    let held = 0;
    const take = (amount: number) => {
      if (this.#taken + amount > this.#capacity) {
        throw new Problem('queue_full', 'too much work is waiting; try again soon', { retryAfter });
      }
      this.#taken += amount;
      held += amount;
    };
    try {
      return await work(take);
    } finally {
      this.#taken -= held;
    }
  }
}
