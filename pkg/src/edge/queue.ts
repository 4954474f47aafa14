import { Problem } from './wire/problem.js';

/** Seconds after which a client may try again if the queue is full. */
const retryAfter = 2;

/**
 * Takes this much of a queue's room.
 *
 * @throws `queue_full`, and takes nothing
 */
export type Take = (amount: number) => void;

/** Limits how much all requests that run or wait hold together, in tokens or in bytes. */
export class Queue {
  readonly #capacity: number;
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs `work`. Its room is free again once the work has settled. */
  async hold<Value>(work: (take: Take) => Promise<Value>): Promise<Value> {
    let held = 0;
    const take = (amount: number) => {
      if (this.#taken + amount > this.#capacity) {
        throw new Problem('queue_full', `The queue is full; try again in ${retryAfter} s.`, { retryAfter });
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
