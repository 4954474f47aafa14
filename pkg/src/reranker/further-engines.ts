import type { ThreadWish } from '../common/choices.js';
import { disposedError, messageOf, RerankError, sentence } from '../common/errors.js';
import type { RerankWarning } from '../common/types.js';
import type { Backend } from '../engine/backend.js';
import type { EnginesApart } from '../engine/platform.js';
import { chooseThreads } from '../engine/thread-count.js';
import { WorkerBackend } from '../workers/backend.js';
import { WorkerLink } from '../workers/link.js';
import { SeveralBackends } from '../workers/several.js';

/** An instance of this size is copied unasked: that of a model of MiniLM's size takes 34 MB. */
const mostBytesUnasked = 64 << 20;

/** The first worker, with its model loaded, and what starting others takes. */
export interface FirstEngine {
  link: WorkerLink;
  /** Starts another worker of the same kind. */
  start: () => Worker;
  /** Starts another worker with the model, in place of one that crashed. */
  restart: (signal: AbortSignal) => Promise<WorkerLink>;
  threads: ThreadWish;
  signal: AbortSignal | undefined;
  warn(warning: RerankWarning): void;
}

/**
 * Starts further engines beside the first where workers share no memory. Each gets a copy of the first one's memory, so
 * the model is downloaded and loaded once.
 *
 * @throws the errors of a worker's start if a number of engines was asked for; `aborted`
 */
export async function withFurtherEngines(first: FirstEngine, apart: EnginesApart): Promise<Backend> {
  const { link, start, restart, threads, signal, warn } = first;
  const backend = new WorkerBackend(link, restart);
  try {
    const { memoryBytes } = await link.statistics();
    const { count, missing } = countEngines(threads, apart, memoryBytes);
    const outcomes = await Promise.allSettled(Array.from({ length: count - 1 }, () => copyOf(link, start, signal)));
    const further = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    const failure = outcomes.find((it) => it.status === 'rejected')?.reason;
    if (failure !== undefined && (typeof threads === 'number' || isAbort(failure))) {
      for (const it of further) it.close(disposedError());
      throw failure;
    }
    if (further.length > 0) return new SeveralBackends([link, ...further].map((it) => new WorkerBackend(it, restart)));
    const reason = failure === undefined ? missing : messageOf(failure);
    if (threads === 'auto' && reason !== undefined) {
      warn({ code: 'threads_unavailable', message: `The engine runs on one thread. ${sentence(reason)}` });
    }
    return backend;
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

/** Starts a worker with a copy of the model in `link`. */
async function copyOf(link: WorkerLink, start: () => Worker, signal: AbortSignal | undefined): Promise<WorkerLink> {
  const another = await WorkerLink.start(start, signal);
  try {
    await another.startCopy(await link.copy(signal), signal);
    return another;
  } catch (error) {
    another.close(disposedError());
    throw error;
  }
}

/** Chooses the number of engines, as `chooseThreads` does. `missing` says why only one, if more could be expected. */
function countEngines(threads: ThreadWish, apart: EnginesApart, memoryBytes: number) {
  if (typeof threads === 'number' || memoryBytes <= mostBytesUnasked) return chooseThreads(threads, apart);
  const megabytes = Math.ceil(memoryBytes / 1e6);
  return {
    count: 1,
    missing: `${apart.reason}. Each thread would take ${megabytes} MB; pass a number to have several`,
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof RerankError && error.code === 'aborted';
}
