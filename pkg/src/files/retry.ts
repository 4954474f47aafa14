import { Deferred } from '../common/deferred.js';
import { RerankError } from '../common/errors.js';

/** A failure that another attempt may avoid. */
export class TransientError extends RerankError {
  /** The wait that the server asks for, in milliseconds. */
  readonly retryAfter: number | undefined;
  /** True if the server answered: it is there, and busy. */
  readonly answered: boolean;

  constructor(message: string, options: { cause?: unknown; retryAfter?: number | undefined; answered?: boolean } = {}) {
    super('download_failed', message, 'cause' in options ? { cause: options.cause } : undefined);
    this.retryAfter = options.retryAfter;
    this.answered = options.answered ?? false;
  }
}

/** Adds advice to the failure of a network that never answered. */
export function withAdvice(error: unknown, advice: string | undefined): unknown {
  if (!(error instanceof TransientError) || error.answered || advice === undefined) return error;
  return new TransientError(`${error.message} ${advice}`, { cause: error.cause });
}

/** How many attempts in a row may fail before many bytes arrive. */
const mostRetries = 5;

const firstDelayMilliseconds = 500;

/** Servers may ask for a longer wait; the caller does not wait longer than this. */
const longestRetryAfterMilliseconds = 30_000;

/** After so many bytes all retries are available again. */
const bytesThatCount = 16 << 20;

/** Counts the retries of one file, and waits before each. */
export class Retries {
  readonly #signal: AbortSignal | undefined;
  #used = 0;
  #bytes = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Counts bytes that arrived for the first time. */
  advance(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < bytesThatCount) return;
    this.#bytes = 0;
    this.#used = 0;
  }

  /**
   * Waits before another attempt, twice as long as the last time. Up to a half of the wait is chance, so that clients
   * that failed together do not return together.
   *
   * @throws `error` if another attempt is useless, `aborted`
   */
  async wait(error: unknown): Promise<void> {
    if (!(error instanceof TransientError) || this.#used === mostRetries) throw error;
    const backoff = firstDelayMilliseconds * 2 ** this.#used * (0.5 + Math.random() / 2);
    const asked = Math.min(error.retryAfter ?? 0, longestRetryAfterMilliseconds);
    this.#used += 1;
    await sleep(Math.max(backoff, asked), this.#signal);
  }
}

/** Returns the milliseconds that a Retry-After header asks for: it holds seconds or a date. */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return milliseconds > 0 ? milliseconds : undefined;
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const waiting = new Deferred<void>(signal);
  const timer = setTimeout(() => waiting.resolve(), milliseconds);
  try {
    await waiting.promise;
  } finally {
    clearTimeout(timer);
  }
}
