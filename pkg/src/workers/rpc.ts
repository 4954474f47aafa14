import { Deferred } from '../common/deferred.js';
import type { RerankError } from '../common/errors.js';

/** A request that waits for its answer. */
export interface Pending<Watch> {
  answer: Deferred<unknown>;
  /** Receives what arrives before the answer. */
  watch: Watch;
}

/** A request that is to be sent. */
export interface Asking<Watch> {
  watch: Watch;
  signal?: AbortSignal | undefined;
  /** Sends the request to the other side. */
  post(id: number): void;
  /** Runs if the caller stops waiting while the other side still works: a signal fired or a callback threw. */
  onAbandoned?(id: number): void;
}

/** The requests of one side of a channel, by their ids: each settles with the answer that has its id. */
export class Requests<Watch = undefined> {
  readonly #pending = new Map<number, Pending<Watch>>();
  #lastId = 0;

  /** @throws the error of `post`, the failure in the answer, `aborted` */
  async ask({ watch, signal, post, onAbandoned }: Asking<Watch>): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Deferred<unknown>(signal);
    this.#pending.set(id, { answer, watch });
    let posted = false;
    try {
      post(id);
      posted = true;
      return await answer.promise;
    } finally {
      if (this.#pending.delete(id) && posted) onAbandoned?.(id);
    }
  }

  /** Finds the request while its caller waits. */
  find(id: number): Pending<Watch> | undefined {
    return this.#pending.get(id);
  }

  /** Removes the request, which the caller of this method settles. */
  take(id: number): Pending<Watch> | undefined {
    return take(this.#pending, id);
  }

  /** Fails every request that waits. */
  failAll(error: RerankError): void {
    for (const { answer } of this.#pending.values()) answer.reject(error);
    this.#pending.clear();
  }
}

/** Removes an entry and returns its value, if there is one. */
export function take<Value>(map: Map<number, Value>, key: number): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}
