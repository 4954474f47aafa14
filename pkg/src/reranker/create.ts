import { invalid } from '../common/check.js';
import type { CacheChoice, ThreadWish } from '../common/choices.js';
import { callbackError } from '../common/deferred.js';
import { disposedError, messageOf, RerankError, throwIfAborted } from '../common/errors.js';
import type { RerankerOptions } from '../common/types.js';
import type { Backend } from '../engine/backend.js';
import { InPlaceBackend } from '../engine/in-place.js';
import { type LoadedModel, loadModel, modelUntilAborted } from '../engine/load.js';
import type { Reload } from '../engine/model-slot.js';
import type { Platform } from '../engine/platform.js';
import type { PlainLocation } from '../files/location.js';
import { type ResolvedModel, resolveModel } from '../files/resolve.js';
import { retain } from '../files/retain.js';
import { WorkerBackend } from '../workers/backend.js';
import { type LoadWatch, WorkerLink } from '../workers/link.js';
import { sendable } from '../workers/sendable.js';
import { ClientReranker } from './client.js';
import { type CheckedRerankerOptions, checkRerankerOptions } from './options.js';

/** `createReranker` for a platform. */
export async function create(platform: Platform, options: RerankerOptions | undefined): Promise<ClientReranker> {
  const { model, hub, ...checked } = checkRerankerOptions(options);
  throwIfAborted(checked.signal);
  const resolved = await resolveModel(model, hub, platform.files);
  const { worker, failure } = await startWorker(platform, resolved, checked);
  if (failure) warnOfWorker(failure, worker, checked);
  const backend = worker
    ? await loadInto(worker, platform, resolved, checked)
    : await loadHere(platform, resolved, checked);
  return new ClientReranker(backend);
}

type Start = () => Worker;

interface StartedWorker {
  link: WorkerLink;
  /** Starts another of its kind. */
  start: Start;
}

/** A worker where one is wanted and to be had, and what failed before. */
async function startWorker(
  platform: Platform,
  { files }: ResolvedModel,
  { worker: wanted, threads, signal }: CheckedRerankerOptions,
): Promise<{ worker?: StartedWorker; failure?: unknown }> {
  if (wanted === false || (wanted === 'auto' && !platform.workers?.preferred)) return {};
  if (files.some(({ location, more = [] }) => [location, ...more].some((place) => typeof place === 'function'))) {
    if (wanted === 'auto') return {};
    throw invalid('a worker cannot be given a function that opens a file');
  }
  let failure: unknown;
  for (const start of startsOf(platform, wanted, threads)) {
    try {
      return { worker: { link: await WorkerLink.start(start, signal), start }, failure };
    } catch (error) {
      if (error instanceof RerankError && error.code === 'aborted') throw error;
      failure ??= error;
    }
  }
  if (wanted !== 'auto') throw failure;
  return { failure };
}

function startsOf({ workers }: Platform, wanted: CheckedRerankerOptions['worker'], threads: ThreadWish): Start[] {
  if (!workers) throw new RerankError('unsupported_environment', 'there are no workers here');
  return typeof wanted === 'function' ? [wanted] : workers.starts(threads !== 1);
}

/** @throws `invalid_input`, with the worker ended, where the caller's callback throws */
function warnOfWorker(cause: unknown, worker: StartedWorker | undefined, { onWarning }: CheckedRerankerOptions): void {
  const instead = worker ? 'in the worker that has no threads' : 'in place, which can block the page';
  const message = `the model runs ${instead}: ${messageOf(cause)}`;
  try {
    guarded(onWarning, 'onWarning')({ code: 'worker_unavailable', message, cause });
  } catch (error) {
    worker?.link.close(disposedError());
    throw error;
  }
}

async function loadInto(
  { link: first, start }: StartedWorker,
  platform: Platform,
  model: ResolvedModel,
  { wasm, threads, cache, onProgress, onWarning, signal }: CheckedRerankerOptions,
): Promise<Backend> {
  const load = async (link: WorkerLink, model: ResolvedModel, watch: LoadWatch) => {
    const sent = await sendable(model, platform).catch((error: unknown) => {
      link.close(disposedError());
      throw error;
    });
    await link.load({ model: sent, wasm, threads, cache }, watch);
  };
  await load(first, model, { onProgress, onWarning, signal });
  const files = retain(model);
  return new WorkerBackend(first, async (signal) => {
    const model = files();
    const link = await WorkerLink.start(start, signal);
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
  const loaded = await modelUntilAborted(loading, signal);
  return new InPlaceBackend(loaded, platform, reloadOf(model, loaded, cache, platform));
}

/** How the model is loaded once more, quietly; undefined where that could wait for ever. */
function reloadOf(
  model: ResolvedModel,
  { module: wasm, instance: { threads } }: LoadedModel,
  cache: CacheChoice,
  platform: Platform,
): Reload | undefined {
  const locations = model.files.flatMap(({ location, more = [] }) => [location, ...more]);
  if (platform.requestsOwnDownloads && locations.some(isRemote)) return undefined;
  const files = retain(model);
  return async (signal) =>
    loadModel({ model: files(), wasm, threads, cache, signal, report() {}, warn() {} }, platform);
}

/** False for bytes that are at hand. */
function isRemote(location: PlainLocation): boolean {
  return typeof location === 'function' || (typeof location === 'string' && !location.startsWith('data:'));
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
