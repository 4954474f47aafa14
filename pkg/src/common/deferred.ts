import { abortedError, RerankError, withReason } from './errors.js';

/** A promise for a caller. It settles once, and the caller's signal settles it at once. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  #settlers: { resolve: (value: Value) => void; reject: (error: RerankError) => void } | undefined;
  #stopListening: () => void = () => {};

  /** `onAbort` runs after the promise was rejected. */
  constructor(signal?: AbortSignal, onAbort?: () => void) {
    this.promise = new Promise((resolve, reject) => {
      this.#settlers = { resolve, reject };
    });
    if (signal) this.#listen(signal, onAbort);
  }

  get settled(): boolean {
    return this.#settlers === undefined;
  }

  resolve(value: Value): void {
    this.#settle()?.resolve(value);
  }

  reject(error: RerankError): void {
    this.#settle()?.reject(error);
  }

  /** Reports an event to the caller's `callback`. If that throws, the call fails: the mistake is the caller's. */
  report<Event>(callback: ((event: Event) => void) | undefined, event: Event, name = 'onProgress'): void {
    if (this.settled || !callback) return;
    try {
      callback(event);
    } catch (cause) {
      this.reject(callbackError(cause, name));
    }
  }

  #listen(signal: AbortSignal, onAbort?: () => void): void {
    const abort = () => {
      if (this.settled) return;
      this.reject(abortedError(signal));
      onAbort?.();
    };
    this.#stopListening = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  }

  #settle() {
    const settlers = this.#settlers;
    this.#settlers = undefined;
    this.#stopListening();
    return settlers;
  }
}

/** Settles like `promise`, or earlier if the signal aborts. The work behind the promise goes on. */
export function untilAborted<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  const deferred = new Deferred<Value>(signal);
  promise.then(
    (value) => deferred.resolve(value),
    (error) => deferred.reject(error),
  );
  return deferred.promise;
}

/** The error of a call if its callback of this name threw `cause`. */
export function callbackError(cause: unknown, name: string): RerankError {
  return new RerankError('invalid_input', withReason(`\`${name}\` threw`, cause), { cause });
}
