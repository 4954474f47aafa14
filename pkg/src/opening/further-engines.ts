import type { ThreadWish } from '../common/choices.js';
import { disposedError, messageOf, sentence, throwIfAborted } from '../common/errors.js';
import type { RerankWarning } from '../common/loading.js';
import { startTimer } from '../common/timer.js';
import type { StartWorker } from '../common/worker-handle.js';
import type { Backend } from '../engine/backend.js';
import type { EnginesApart } from '../engine/platform.js';
import { chooseThreads } from '../engine/thread-count.js';
import { WorkerBackend } from '../workers/backend.js';
import { WorkerLink } from '../workers/link.js';
import { SeveralBackends } from '../workers/several.js';

/** An instance of this size is copied unasked: that of a model of MiniLM's size takes 34 MB. */
const mostBytesUnasked = 64 << 20;

/** Longest wait for engines that are started unasked. */
const secondsUnasked = 5;

/** The first worker, with its model loaded, and what starting others takes. */
export interface FirstEngine {
  link: WorkerLink;
  /** Starts another worker of the same kind. */
  start: StartWorker;
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
    const wait = typeof threads === 'number' ? { signal, stop() {} } : atMost(secondsUnasked, signal);
    const { further, failure } = await startFurther(count - 1, link, start, wait.signal).finally(wait.stop);
    if (failure !== undefined && (typeof threads === 'number' || signal?.aborted)) {
      for (const it of further) it.close(disposedError());
      throwIfAborted(signal);
      throw failure;
    }
    if (further.length > 0) {
      return new SeveralBackends([backend, ...further.map((it) => new WorkerBackend(it, restart))]);
    }
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

/** Starts workers side by side, and copies the model in `link` to one after the other, which takes less memory. */
async function startFurther(count: number, link: WorkerLink, start: StartWorker, signal: AbortSignal | undefined) {
  const starts = Array.from({ length: count }, () => WorkerLink.start(start, signal));
  const further: WorkerLink[] = [];
  let failure: unknown;
  for (const started of await Promise.allSettled(starts)) {
    if (started.status === 'rejected') {
      failure ??= started.reason;
      continue;
    }
    try {
      await started.value.startCopy(await link.copy(signal), signal);
      further.push(started.value);
    } catch (error) {
      started.value.close(disposedError());
      failure ??= error;
    }
  }
  return { further, failure };
}

/** Returns a signal that aborts with `signal`, or after some seconds unless it is stopped. */
function atMost(seconds: number, signal: AbortSignal | undefined): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const stopTimer = startTimer(seconds, abort);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  const stop = () => {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, stop };
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
