import type { AbortSignal } from './globals.js';

/** The codes of all errors: a closed list, and no code ever changes its meaning. */
export const rerankErrorCodes = [
  /** An argument has the wrong type or value. */
  'invalid_input',
  /** No published model has this name, or a file of the model is missing (HTTP 404, a directory without it). */
  'model_not_found',
  /** The network or the server failed, or the answer is another file, such as an HTML page. */
  'download_failed',
  /** A file's size or SHA-256 differs from what it must be. */
  'integrity_mismatch',
  /** A file is damaged: cut short, not ONNX, not a tokenizer. */
  'invalid_model',
  /** The files are sound, but of a kind that the engine cannot run. */
  'unsupported_model',
  /** The platform cannot do what was asked: it has no WebAssembly SIMD, no workers, no threads or no file system. */
  'unsupported_environment',
  /** The engine could not get the memory that it needs. */
  'out_of_memory',
  /** The caller's signal ended the call. */
  'aborted',
  /** The reranker was disposed. */
  'disposed',
  /** A defect of this package; please report it with the message. */
  'internal',
] as const;

/** The code of a {@link RerankError}. {@link rerankErrorCodes} says what each means. */
export type RerankErrorCode = (typeof rerankErrorCodes)[number];

/**
 * Every failure of this package. `code` is stable, `message` is for people, `cause` is the error behind it, if any.
 *
 * @example
 * if (error instanceof RerankError && error.code === 'download_failed') retry();
 */
export class RerankError extends Error {
  /** Identifies the error, even if another copy of the package threw it. */
  override readonly name = 'RerankError';
  /** The kind of the failure. */
  readonly code: RerankErrorCode;

  /** `options.cause` is the error behind it. */
  constructor(code: RerankErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The failure of a call that its signal aborted. */
export function abortedError(signal: AbortSignal): RerankError {
  return new RerankError('aborted', 'The operation was aborted by its signal.', { cause: signal.reason });
}

/** @throws `aborted` if the signal has aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/** Returns a failure of this package as it is. Any other error is a defect and becomes the cause of `internal`. */
export function toRerankError(error: unknown): RerankError {
  if (error instanceof RerankError) return error;
  return new RerankError('internal', withReason('An unexpected error occurred', error), { cause: error });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Writes `text` as a sentence: its first word, unless it is a name, gets a capital letter, and its end a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const begun = /^[a-z]+([ ,]|: )/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Returns the sentence `statement: reason; advice.` The reason is the message of `cause`. */
export function withReason(statement: string, cause: unknown, advice?: string): string {
  const found = `${statement}: ${messageOf(cause)}`;
  return sentence(advice === undefined ? found : `${found.trim().replace(/\.$/, '')}; ${advice}`);
}

/** The failure of every call on a reranker that was disposed. */
export function disposedError(): RerankError {
  return new RerankError('disposed', 'The reranker was disposed; create a new one.');
}
