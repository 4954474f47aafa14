import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { RerankError, type RerankErrorCode } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/loading.js';
import type { TaskText, TextRequest, TextResult } from '../engine/backend.js';
import type { ModelCopy } from '../engine/copy.js';
import type { Precompiled } from '../engine/precompiled.js';
import type { ResolvedFile, ResolvedModel } from '../files/resolved.js';
import { receivedCause, type SentCause, sentCause } from './causes.js';

/** A request from the page to its worker; the answer carries the same `id`. */
export type Request =
  | {
      type: 'load';
      id: number;
      model: SentModel;
      wasm: EngineSource;
      threads: ThreadWish;
      cache: RemoteCacheChoice;
    }
  | { type: 'run'; id: number; request: TextRequest; texts: TaskText[] }
  | { type: 'statistics'; id: number }
  /** Answered with a `ModelCopy`. */
  | { type: 'copy'; id: number }
  /** In place of `load`: the worker gets the model of another worker. */
  | { type: 'start-copy'; id: number; copy: ModelCopy }
  /** The page has abandoned the request `id` and ignores its answer. */
  | { type: 'abort'; id: number };

/** A message to the worker, without an answer: it may take this engine for its next load. */
export interface EngineOffer {
  type: 'engine';
  engine: Precompiled;
}

/** A message from the page about threads, to a thread or to the worker with the instance. */
export type ThreadRequest =
  /** To a worker that is ready: it becomes a thread of another worker's instance and gets its task through `port`. */
  | { type: 'be-thread'; port: MessagePort }
  /** To the worker with the instance: a thread ended by itself or could not start. */
  | { type: 'thread-lost'; thread: number; reason: string };

/** A message from the worker to its page. */
export type Message =
  /** The worker's code runs; the first message. */
  | { type: 'ready' }
  | { type: 'progress'; id: number; progress: LoadProgress }
  | { type: 'result'; id: number; result: TextResult }
  | { type: 'warning'; id: number; warning: PlainWarning }
  | { type: 'answer'; id: number; value: unknown }
  /** `crashed`: the request crashed the instance; later requests get no answer. */
  | { type: 'failure'; id: number; error: PlainError; crashed: boolean }
  /** The instance had crashed before it began a request; no request gets an answer any more. */
  | { type: 'crashed' }
  /** The worker needs a further thread, which gets its task through `port`. The worker numbers the threads. */
  | { type: 'start-thread'; thread: number; port: MessagePort }
  | { type: 'end-thread'; thread: number };

/** A location as it is posted to a worker. Bytes and functions stay with the sender, which serves them at a port. */
export type SentLocation = string | Blob | { port: MessagePort; description: string };

/** A file with its parts in another kind of location. */
export type FileAt<Location> = Omit<ResolvedFile, 'location' | 'more'> & { location: Location; more?: Location[] };

/** A model as it is posted to a worker. */
export interface SentModel extends Omit<ResolvedModel, 'files'> {
  files: FileAt<SentLocation>[];
}

/** A caller's `CacheBackend` stays with the page; the worker gets a port to it. */
export type RemoteCacheChoice = Extract<CacheChoice, string> | MessagePort;

/** A {@link RerankError} as it crosses between threads. */
export interface PlainError {
  code: RerankErrorCode;
  message: string;
  cause?: SentCause;
}

/** A warning as it crosses between threads. */
export interface PlainWarning extends Pick<RerankWarning, 'code' | 'message'> {
  cause: SentCause;
}

export function plainError({ code, message, cause }: RerankError): PlainError {
  return cause === undefined ? { code, message } : { code, message, cause: sentCause(cause) };
}

export function revivedError({ code, message, cause }: PlainError): RerankError {
  return new RerankError(code, message, cause && { cause: receivedCause(cause) });
}

export function plainWarning({ code, message, cause }: RerankWarning): PlainWarning {
  return { code, message, cause: sentCause(cause) };
}

export function revivedWarning({ code, message, cause }: PlainWarning): RerankWarning {
  return { code, message, cause: receivedCause(cause) };
}
