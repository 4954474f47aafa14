import type { Backend } from './backend.js';
import { ClientReranker } from './client.js';
import { callbackError, untilAborted } from './deferred.js';
import { RerankError, throwIfAborted } from './errors.js';
import { loadModel } from './load.js';
import { LocalBackend } from './local.js';
import { type CheckedRerankerOptions, checkRerankerOptions } from './options.js';
import type { Platform } from './platform.js';
import { WorkerBackend } from './proxy.js';
import { type ResolvedModel, resolveModel } from './source.js';
import type { RerankerOptions } from './types.js';

/** `createReranker` for a platform. */
export async function create(platform: Platform, options: RerankerOptions | undefined): Promise<ClientReranker> {
  const { model, hub, ...checked } = checkRerankerOptions(options);
  throwIfAborted(checked.signal);
  const resolved = await resolveModel(model, hub, platform);
  const worker = await startWorker(platform, checked);
  const backend = worker ? await loadInto(worker, resolved, checked) : await loadHere(platform, resolved, checked);
  return new ClientReranker(backend);
}

/** A worker where one is wanted and to be had. */
async function startWorker(
  { workers }: Platform,
  { worker: wanted, signal }: CheckedRerankerOptions,
): Promise<WorkerBackend | undefined> {
  if (wanted === false || (wanted === 'auto' && !workers?.preferred)) return undefined;
  if (!workers) throw new RerankError('unsupported_environment', 'there are no workers here');
  try {
    return await WorkerBackend.start(typeof wanted === 'function' ? wanted : workers.start, signal);
  } catch (error) {
    const stopped = error instanceof RerankError && error.code === 'aborted';
    if (stopped || wanted !== 'auto') throw error;
    return undefined;
  }
}

async function loadInto(
  worker: WorkerBackend,
  model: ResolvedModel,
  { wasm, cache, onProgress, onWarning, signal }: CheckedRerankerOptions,
): Promise<Backend> {
  try {
    await worker.load({ model, wasm, cache }, { onProgress, onWarning, signal });
    return worker;
  } catch (error) {
    // Nobody waits for that: who aborts gets the answer at once.
    void worker.retire();
    throw error;
  }
}

async function loadHere(
  platform: Platform,
  model: ResolvedModel,
  { wasm, cache, onProgress, onWarning, signal }: CheckedRerankerOptions,
): Promise<Backend> {
  const report = guarded(onProgress, 'onProgress');
  const warn = guarded(onWarning, 'onWarning');
  const loading = loadModel({ model, wasm, cache, signal, report, warn }, platform);
  return new LocalBackend(await untilAborted(loading, signal), platform);
}

/** The caller's callback; what it throws is the caller's mistake. */
function guarded<Event>(callback: ((event: Event) => void) | undefined, name: string): (event: Event) => void {
  return (event) => {
    try {
      callback?.(event);
    } catch (cause) {
      throw callbackError(cause, name);
    }
  };
}
