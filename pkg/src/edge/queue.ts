import { Problem } from './problem.js';

/** Seconds after which a client that found the queue full may try again. */
const retryAfter = 2;

/** How much work may wait or run at a time, in tokens. */
export class TokenQueue {
  readonly #capacity: number;
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Runs `work`, which costs `tokens`, where there is room for it.
   *
   * @throws `queue_full` before anything runs; what `work` throws
   */
  async admit<Value>(tokens: number, work: () => Promise<Value>): Promise<Value> {
    if (this.#taken + tokens > this.#capacity) {
      throw new Problem('queue_full', 'too much work is waiting; try again soon', { retryAfter });
    }
    this.#taken += tokens;
    try {
      return await work();
    } finally {
      this.#taken -= tokens;
    }
  }
}
