/** What went wrong, as a closed list that never changes its meaning. */
export const rerankErrorCodes = [
  /** An argument has the wrong type or value. */
  'invalid_input',
  /** No such name in the registry, or a file of the model is not where it should be (HTTP 404, missing in a directory). */
  'model_not_found',
  /** The network, the server, or an answer that is not the file (an HTML page). */
  'download_failed',
  /** Size or SHA-256 of a file differ from what they must be. */
  'integrity_mismatch',
  /** A file is damaged: cut short, not ONNX, not a tokenizer. */
  'invalid_model',
  /** The files are sound but not of a kind this engine runs. */
  'unsupported_model',
  /** This environment cannot do what was asked (no WebAssembly SIMD, no Worker where one is demanded, no file system). */
  'unsupported_environment',
  /** The engine could not get the memory it needs. */
  'out_of_memory',
  /** The caller's signal said so. */
  'aborted',
  /** The reranker was disposed. */
  'disposed',
  /** A defect of this package; please report it with the message. */
  'internal',
] as const;

/** The code of a {@link RerankError}: one of {@link rerankErrorCodes}, which say what each means. */
export type RerankErrorCode = (typeof rerankErrorCodes)[number];

/** Every failure of this package. `code` is stable, `message` is for people, `cause` is the error behind it, if any. */
export class RerankError extends Error {
  /** Tells it from other errors, also where it comes from another copy of the package. */
  override readonly name = 'RerankError';
  /** What went wrong. */
  readonly code: RerankErrorCode;

  /** `options.cause` is the error behind it. */
  constructor(code: RerankErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The failure that a caller's signal asked for. */
export function abortedError(signal: AbortSignal): RerankError {
  return new RerankError('aborted', 'the operation was aborted by its signal', { cause: signal.reason });
}

/** Throws where the caller's signal has spoken. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/** `error` itself where it is a failure of this package, else a defect of it that carries `error` as its cause. */
export function toRerankError(error: unknown): RerankError {
  if (error instanceof RerankError) return error;
  return new RerankError('internal', `unforeseen: ${messageOf(error)}`, { cause: error });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Writes `text` as a sentence: with a capital letter, unless it begins with a name, and with a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const begun = /^[a-z]+[ ,:]/.test(trimmed) ? trimmed[0]?.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** The sentence `statement: reason.`; the reason is the message of what was thrown. */
export function withReason(statement: string, cause: unknown): string {
  return sentence(`${statement}: ${messageOf(cause)}`);
}

/** The failure of every call on a reranker that was disposed. */
export function disposedError(): RerankError {
  return new RerankError('disposed', 'the reranker was disposed');
}
