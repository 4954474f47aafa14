import type { Backend } from './backend.js';
import type { CacheChoice } from './cache.js';
import { ClientReranker } from './client.js';
import { callbackError, untilAborted } from './deferred.js';
import { disposedError, RerankError, throwIfAborted } from './errors.js';
import { type LoadedModel, loadModel } from './load.js';
import { LocalBackend, type Reload } from './local.js';
import { type CheckedRerankerOptions, checkRerankerOptions, invalid, type ThreadWish } from './options.js';
import type { Platform } from './platform.js';
import { WorkerBackend } from './proxy.js';
import { retain } from './retain.js';
import { sendable } from './sendable.js';
import { type ResolvedModel, resolveModel } from './source.js';
import type { RerankerOptions } from './types.js';
import { type LoadWatch, WorkerLink } from './worker-link.js';

/** `createReranker` for a platform. */
export async function create(platform: Platform, options: RerankerOptions | undefined): Promise<ClientReranker> {
  const { model, hub, ...checked } = checkRerankerOptions(options);
  throwIfAborted(checked.signal);
  const resolved = await resolveModel(model, hub, platform);
  const worker = await startWorker(platform, resolved, checked);
  const backend = worker
    ? await loadInto(worker, platform, resolved, checked)
    : await loadHere(platform, resolved, checked);
  return new ClientReranker(backend);
}

/** A worker where one is wanted and to be had. */
async function startWorker(
  platform: Platform,
  { files }: ResolvedModel,
  { worker: wanted, threads, signal }: CheckedRerankerOptions,
): Promise<WorkerLink | undefined> {
  if (wanted === false || (wanted === 'auto' && !platform.workers?.preferred)) return undefined;
  if (files.some(({ location, more = [] }) => [location, ...more].some((place) => typeof place === 'function'))) {
    if (wanted === 'auto') return undefined;
    throw invalid('a worker cannot be given a function that opens a file');
  }
  const start = startOf(platform, wanted, threads);
  try {
    return await WorkerLink.start(start, signal);
  } catch (error) {
    const stopped = error instanceof RerankError && error.code === 'aborted';
    if (stopped || wanted !== 'auto') throw error;
    return undefined;
  }
}

function startOf({ workers }: Platform, wanted: CheckedRerankerOptions['worker'], threads: ThreadWish): () => Worker {
  if (!workers) throw new RerankError('unsupported_environment', 'there are no workers here');
  return typeof wanted === 'function' ? wanted : () => workers.start(threads !== 1);
}

async function loadInto(
  worker: WorkerLink,
  platform: Platform,
  model: ResolvedModel,
  { worker: wanted, wasm, threads, cache, onProgress, onWarning, signal }: CheckedRerankerOptions,
): Promise<Backend> {
  const load = async (link: WorkerLink, model: ResolvedModel, watch: LoadWatch) => {
    const sent = await sendable(model, platform).catch((error: unknown) => {
      link.close(disposedError());
      throw error;
    });
    await link.load({ model: sent, wasm, threads, cache }, watch);
  };
  await load(worker, model, { onProgress, onWarning, signal });
  const files = retain(model);
  return new WorkerBackend(worker, async (signal) => {
    const model = files();
    const link = await WorkerLink.start(startOf(platform, wanted, threads), signal);
    await load(link, model, { signal });
    return link;
  });
}

async function loadHere(
  platform: Platform,
  model: ResolvedModel,
  { wasm, threads, cache, onProgress, onWarning, signal }: CheckedRerankerOptions,
): Promise<Backend> {
  const report = guarded(onProgress, 'onProgress');
  const warn = guarded(onWarning, 'onWarning');
  const loading = loadModel({ model, wasm, threads, cache, signal, report, warn }, platform);
  const loaded = await untilAborted(loading, signal);
  return new LocalBackend(loaded, platform, reloadOf(model, loaded, cache, platform));
}

/** How the model is loaded once more, quietly; undefined where that could wait for ever. */
function reloadOf(
  model: ResolvedModel,
  { module: wasm, runtime: { threads } }: LoadedModel,
  cache: CacheChoice,
  platform: Platform,
): Reload | undefined {
  const isRemote = model.files.some(({ location }) => typeof location === 'string');
  if (platform.requestsOwnDownloads && isRemote) return undefined;
  const files = retain(model);
  return async (signal) =>
    loadModel({ model: files(), wasm, threads, cache, signal, report() {}, warn() {} }, platform);
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
