import { ModelCache } from '../cache/model-cache.js';
import { CachedNotes } from '../cache/notes.js';
import type { CacheChoice, ThreadWish } from '../common/choices.js';
import { callbackError, untilAborted } from '../common/deferred.js';
import type { EmbeddingUse } from '../common/embedding-use.js';
import { disposedError, messageOf, RerankError, sentence, throwIfAborted } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { RerankWarning } from '../common/loading.js';
import type { StartWorker, WorkerHandle } from '../common/worker-handle.js';
import type { Backend } from '../engine/backend.js';
import { InPlaceBackend } from '../engine/in-place.js';
import { type LoadedModel, loadModel, modelUntilAborted } from '../engine/load.js';
import type { Reload } from '../engine/model-slot.js';
import type { Platform } from '../engine/platform.js';
import { type Precompiled, precompile, withPrecompiled } from '../engine/precompiled.js';
import { type EmbeddingFacts, joinFacts } from '../files/embedding/facts.js';
import { findFacts } from '../files/embedding/find.js';
import { knownFacts } from '../files/embedding/known.js';
import { describeLocation, type PlainLocation } from '../files/location.js';
import { publishedModels } from '../files/registry.js';
import { resolveModel, type Surroundings } from '../files/resolve.js';
import type { ResolvedModel } from '../files/resolved.js';
import { retain } from '../files/retain.js';
import { WorkerBackend } from '../workers/backend.js';
import { type LoadWatch, WorkerLink } from '../workers/link.js';
import { withFurtherEngines } from './further-engines.js';
import { IdleBackend } from './idle.js';
import type { CheckedModelOptions } from './options.js';
import { surroundingsOf } from './surroundings.js';

/** A model that is loaded. */
export interface OpenedModel {
  backend: Backend;
  /** How the model turns texts into vectors; undefined for a reranker. */
  embedding: EmbeddingFacts | undefined;
}

/**
 * Loads a model, in place or in workers, as its options want: an embedding model with `use`, a reranker without. `use` is
 * what the caller says about the embedding model.
 */
export async function openModel(
  platform: Platform,
  options: CheckedModelOptions,
  use?: EmbeddingUse,
): Promise<OpenedModel> {
  const { wish, idleTimeout, signal } = options;
  throwIfAborted(signal);
  if (idleTimeout !== undefined && platform.requestsOwnDownloads) throw noIdling();
  const warn = guarded(options.onWarning, 'onWarning');
  const notes = new CachedNotes(() => new ModelCache(options.cache, platform.caches, warn));
  const surroundings = { ...surroundingsOf(platform), notes, signal };
  const { model, verdict } = await resolveModel(wish, { ...surroundings, use: use ? 'embed' : 'rerank' });
  if (use) model.embedding = await embeddingOf(model, use, surroundings, warn);
  // A cache that failed is off for the rest of the creation.
  const loading = notes.failed ? { ...options, cache: 'none' as const } : options;
  const load = (options: CheckedModelOptions) =>
    loadModelFiles(platform, model, options).catch(async (error: unknown) => {
      if (isOutdated(error)) await verdict?.forget();
      throw error;
    });
  const backend = await load(loading);
  try {
    await verdict?.keep();
  } catch (error) {
    await backend.dispose();
    throw error;
  }
  const again = (signal: AbortSignal) => load({ ...loading, onProgress: undefined, signal });
  const { embedding } = model;
  if (idleTimeout === undefined) return { backend, embedding };
  return { backend: await IdleBackend.start(backend, again, idleTimeout), embedding };
}

/** Joins what the caller, the model's files and this package say about an embedding model, in this order. */
async function embeddingOf(
  model: ResolvedModel,
  use: EmbeddingUse,
  surroundings: Surroundings,
  warn: (warning: RerankWarning) => void,
): Promise<EmbeddingFacts> {
  // The package knows the models that have a name.
  const found = publishedModels.has(model.name) ? undefined : await findFacts(model, surroundings);
  const names = [model.name, ...model.files.map(({ location }) => describeLocation(location))];
  const known = names.map(knownFacts).find((facts) => facts !== undefined);
  const { facts, assumed } = joinFacts([use, model.use, found, known]);
  if (assumed) {
    const unknown = `Nothing says how the model ${model.name} pools the vectors of its tokens, and their mean is taken`;
    const message = `${unknown}; pass \`pooling\` as the model's card says.`;
    warn({ code: 'pooling_assumed', message });
  }
  return facts;
}

/** In an isolate a timer dies with the request that set it. */
function noIdling(): RerankError {
  const advice = '`idleTimeout` needs a platform with timers that outlive a request; leave it out here.';
  return new RerankError('unsupported_environment', advice);
}

async function loadModelFiles(
  platform: Platform,
  model: ResolvedModel,
  options: CheckedModelOptions,
): Promise<Backend> {
  const { worker, failure, engine } = await startWorker(platform, options);
  if (failure) warnOfWorker(failure, worker, options);
  const compiled = await untilAborted(Promise.resolve(engine), options.signal).catch((error: unknown) => {
    worker?.link.close(disposedError());
    throw error;
  });
  if (!worker) return loadHere(withPrecompiled(platform, compiled), model, options);
  if (compiled) worker.link.offer(compiled);
  return loadInto(worker, platform, model, options);
}

/** True for an error that files at the hub can cause that are no longer what they were. */
function isOutdated(error: unknown): boolean {
  return error instanceof RerankError && ['model_not_found', 'integrity_mismatch'].includes(error.code);
}

interface StartedWorker {
  link: WorkerLink;
  /** Starts another worker of the same kind. */
  start: StartWorker;
}

/**
 * Starts a worker if the options want one; `failure` is the error of the first start that failed. `engine` is compiled
 * meanwhile.
 */
async function startWorker(
  platform: Platform,
  { worker: wanted, threads, wasm, signal }: CheckedModelOptions,
): Promise<{ worker?: StartedWorker; failure?: unknown; engine?: Promise<Precompiled | undefined> | undefined }> {
  if (wanted === false || (wanted === 'auto' && !platform.workers?.preferred)) return {};
  const isOurs = wasm === undefined && typeof wanted !== 'function';
  const engine = isOurs && platform.workers?.precompiles ? precompile(threads, platform) : undefined;
  let failure: unknown;
  for (const start of startsOf(platform, wanted, threads)) {
    try {
      return { worker: { link: await WorkerLink.start(start, signal), start }, failure, engine };
    } catch (error) {
      if (error instanceof RerankError && error.code === 'aborted') throw error;
      failure ??= error;
    }
  }
  if (wanted !== 'auto') throw failure;
  return { failure, engine };
}

function startsOf({ workers }: Platform, wanted: CheckedModelOptions['worker'], threads: ThreadWish): StartWorker[] {
  if (!workers) {
    const advice = "omit `worker` to run the engine in place, as `worker: 'auto'` does";
    throw new RerankError('unsupported_environment', `This platform has no workers; ${advice}.`);
  }
  if (typeof wanted !== 'function') return workers.starts(threads !== 1);
  const start = distinct(wanted);
  const { adopt = (worker) => worker as WorkerHandle } = workers;
  return [() => adopt(start())];
}

/** Wraps the caller's function: it refuses a worker that the function returned before, which serves already. */
function distinct(start: () => object): () => object {
  const returned = new WeakSet<object>();
  return () => {
    const worker = start();
    if (returned.has(worker)) {
      throw new Error('`worker` returned the same worker twice; each call must start a new one');
    }
    if (isObject(worker)) returned.add(worker);
    return worker;
  };
}

/** @throws `invalid_input` if the caller's callback throws; the worker is ended then */
function warnOfWorker(cause: unknown, worker: StartedWorker | undefined, { onWarning }: CheckedModelOptions): void {
  const instead = worker ? 'in the worker without threads' : 'in place, which blocks this thread while it ranks';
  const advice = 'To start the worker yourself, pass a function as `worker`.';
  const message = `${sentence(messageOf(cause))} The engine runs ${instead}. ${advice}`;
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
  { wasm, threads, cache, onProgress, onWarning, signal }: CheckedModelOptions,
): Promise<Backend> {
  const apart = platform.workers?.apart;
  const load = (link: WorkerLink, model: ResolvedModel, watch: LoadWatch) =>
    link.load({ model, wasm, threads: apart ? 1 : threads, cache }, watch);
  await load(first, model, { onProgress, onWarning, signal });
  const files = retain(model);
  const restart = async (signal: AbortSignal) => {
    const model = files();
    const link = await WorkerLink.start(start, signal);
    await load(link, model, { signal });
    return link;
  };
  if (!apart) return new WorkerBackend(first, restart);
  const warn = guarded(onWarning, 'onWarning');
  return withFurtherEngines({ link: first, start, restart, threads, signal, warn }, apart);
}

async function loadHere(
  platform: Platform,
  model: ResolvedModel,
  { wasm, threads, cache, onProgress, onWarning, signal }: CheckedModelOptions,
): Promise<Backend> {
  const report = guarded(onProgress, 'onProgress');
  const warn = guarded(onWarning, 'onWarning');
  const loading = loadModel({ model, wasm, threads, cache, signal, report, warn }, platform);
  const loaded = await modelUntilAborted(loading, signal);
  return new InPlaceBackend(loaded, platform, reloadOf(model, loaded, cache, platform));
}

/** Loads the model again without progress or warnings; undefined if that could wait for ever. */
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

/** True for functions and for URLs that must be fetched or opened. */
function isRemote(location: PlainLocation): boolean {
  return typeof location === 'function' || (typeof location === 'string' && !location.startsWith('data:'));
}

/** Wraps the caller's callback: an error that it throws becomes `invalid_input`. */
export function guarded<Event>(callback: ((event: Event) => void) | undefined, name: string): (event: Event) => void {
  return (event) => {
    try {
      callback?.(event);
    } catch (cause) {
      throw callbackError(cause, name);
    }
  };
}
