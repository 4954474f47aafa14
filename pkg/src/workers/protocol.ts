import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { messageOf, RerankError, type RerankErrorCode } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/types.js';
import type { ScoredDocument } from '../engine/backend.js';
import type { ResolvedModel } from '../files/resolve.js';

/** What the page asks of its worker; the answer carries the same `id`. */
export type Request =
  | {
      type: 'load';
      id: number;
      model: ResolvedModel;
      wasm: EngineSource;
      threads: ThreadWish;
      cache: RemoteCacheChoice;
    }
  | { type: 'score'; id: number; query: string; texts: string[]; maxTokens: number | undefined; chunk: boolean }
  | { type: 'statistics'; id: number }
  /** The request `id` is no longer wanted; it gets no answer. */
  | { type: 'abort'; id: number };

/** What the page says of threads: to one of them, or to the worker that wants them. */
export type ThreadRequest =
  /** To a worker that has said it runs: be a further thread of another's engine, which speaks by `port`. */
  | { type: 'be-thread'; port: MessagePort }
  /** A thread ended by itself, or cannot be had. */
  | { type: 'thread-lost'; thread: number; reason: string };

/** What the worker says to its page. */
export type Message =
  /** The worker's code runs; the first message. */
  | { type: 'ready' }
  | { type: 'progress'; id: number; progress: LoadProgress }
  | { type: 'scored'; id: number; document: ScoredDocument }
  | { type: 'warning'; id: number; warning: RerankWarning }
  | { type: 'answer'; id: number; value: unknown }
  /** `broken`: the engine did not survive it; nothing that is asked later gets an answer. */
  | { type: 'failure'; id: number; error: PlainError; broken: boolean }
  /** The engine broke before it began with a request; nothing gets an answer any more. */
  | { type: 'broken' }
  /** A further thread is wanted, which is told its task by `port`. The worker counts them. */
  | { type: 'start-thread'; thread: number; port: MessagePort }
  | { type: 'end-thread'; thread: number };

/** A cache of the caller's own stays with the page; the worker gets a port to it. */
export type RemoteCacheChoice = Extract<CacheChoice, string> | MessagePort;

/** A {@link RerankError} as it crosses between threads. */
export interface PlainError {
  code: RerankErrorCode;
  message: string;
  cause?: unknown;
}

export function plainError({ code, message, cause }: RerankError): PlainError {
  return cause === undefined ? { code, message } : { code, message, cause: cloneable(cause) };
}

export function revivedError({ code, message, cause }: PlainError): RerankError {
  return new RerankError(code, message, cause === undefined ? undefined : { cause });
}

/** A warning whose cause can be sent. */
export function plainWarning({ code, message, cause }: RerankWarning): RerankWarning {
  return { code, message, cause: cloneable(cause) };
}

/** `cause` as the other thread will see it, or what it says where it cannot be sent. */
export function cloneable(cause: unknown): unknown {
  try {
    return structuredClone(cause);
  } catch {
    return new Error(messageOf(cause));
  }
}
