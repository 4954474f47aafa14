import { Deferred } from '../common/deferred.js';
import { RerankError } from '../common/errors.js';

/** A failure that another attempt may not meet. */
export class TransientError extends RerankError {
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfter?: number | undefined } = {}) {
    super('download_failed', message, 'cause' in options ? { cause: options.cause } : undefined);
    this.retryAfter = options.retryAfter;
  }
}

/** How often a file is asked for again without much coming of it. */
const mostRetries = 5;

const firstDelayMilliseconds = 500;

/** Servers may ask for longer; the caller is not made to wait that long. */
const longestRetryAfterMilliseconds = 30_000;

/** So many bytes show that the connection is worth as many retries again. */
const bytesThatCount = 16 << 20;

/** The retries of one file: how many there may be, and the wait before each. */
export class Retries {
  readonly #signal: AbortSignal | undefined;
  #used = 0;
  #bytes = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Tells that bytes came that had not come before. */
  advance(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < bytesThatCount) return;
    this.#bytes = 0;
    this.#used = 0;
  }

  /**
   * Waits until it is time for another attempt: twice as long as the last time, of which up to a half is chance, so that
   * clients that failed together do not come back together.
   *
   * @throws `error` where there is no point in another attempt, `aborted`
   */
  async wait(error: unknown): Promise<void> {
    if (!(error instanceof TransientError) || this.#used === mostRetries) throw error;
    const backoff = firstDelayMilliseconds * 2 ** this.#used * (0.5 + Math.random() / 2);
    const asked = Math.min(error.retryAfter ?? 0, longestRetryAfterMilliseconds);
    this.#used += 1;
    await sleep(Math.max(backoff, asked), this.#signal);
  }
}

/** The milliseconds that a Retry-After header asks for, which is in seconds or a date. */
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
