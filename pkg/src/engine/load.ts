import { ModelCache } from '../cache/model-cache.js';
import { CachedNotes } from '../cache/notes.js';
import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { untilAborted } from '../common/deferred.js';
import { RerankError, throwIfAborted } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/loading.js';
import { fileBeside } from '../files/beside.js';
import { describeLocation } from '../files/location.js';
import { isDispensable, type ResolvedFile, type ResolvedModel } from '../files/resolved.js';
import type { Instance } from '../instance/instance.js';
import { type Feeding, feed, turn } from './feed.js';
import { type EngineModel, isEmbedder } from './jobs.js';
import { KernelRace } from './kernel-race.js';
import { cacheKey, dataNamesKey } from './keys.js';
import { slowModelWarning, withOtherFile } from './other-file.js';
import type { Platform } from './platform.js';
import { startEngine } from './start.js';

/** The parts of a model, and the watchers of its creation. */
export interface LoadTask {
  model: ResolvedModel;
  wasm: EngineSource;
  threads: ThreadWish;
  cache: CacheChoice;
  signal: AbortSignal | undefined;
  report(progress: LoadProgress): void;
  warn(warning: RerankWarning): void;
}

/** A model that is ready, with its instance. */
export interface LoadedModel {
  name: string;
  /** Longest sequence that the model takes, in tokens. */
  maxTokens: number;
  /** How many numbers a vector has; undefined for a reranker. */
  dimensions: number | undefined;
  /** How many products of matrices and softmax run on general operators, by operator. */
  unfused: Record<string, number>;
  /** The kernel that multiplies most of the weights. */
  kernel: string;
  /** The compiled engine of the instance. */
  module: WebAssembly.Module;
  instance: Instance;
  model: EngineModel;
}

/**
 * Reads the files into a new instance and prepares the model. If the instance crashes, the files are read into another
 * one, once: WebKitGTK 2.50 crashes in some loads of sound files.
 */
export async function loadModel(task: LoadTask, platform: Platform): Promise<LoadedModel> {
  try {
    return await loadOnce(task, platform).catch((crash) => {
      if (!isCrash(crash)) throw crash;
      return loadOnce(task, platform).catch((error) => {
        // A source that cannot be read twice says nothing about the crash.
        throw error instanceof RerankError && error.code === 'aborted' ? error : crash;
      });
    });
  } catch (error) {
    throw withOtherFile(error, task.model);
  }
}

/** True for a trap of the engine, unless it had no memory. */
function isCrash(error: unknown): boolean {
  return error instanceof RerankError && error.code === 'internal' && error.cause instanceof WebAssembly.RuntimeError;
}

/** A failure closes the instance, which ends its threads and frees its memory. */
async function loadOnce(task: LoadTask, platform: Platform): Promise<LoadedModel> {
  const { model, signal, report, warn } = task;
  const { module, instance } = await startEngine({ ...task, modelBytes: bytesOf(model) }, platform);
  // A file may never arrive; an abort ends the threads without waiting for it.
  const close = () => void instance.close();
  signal?.addEventListener('abort', close);
  try {
    throwIfAborted(signal);
    const loader = instance.call(() => new instance.bindings.Loader());
    const cache = new ModelCache(task.cache, platform.caches, warn);
    const race = new KernelRace(instance);
    const feeding = { platform, cache, instance, loader, race, signal, report };
    let bytes = 0;
    for (const file of model.files) bytes += await feedIfThere(file, feeding);
    report({ phase: 'load', file: model.name, loaded: 0, total: bytes });
    await turn(platform, signal);
    while (race.step()) await turn(platform, signal);
    race.end();
    const { embedding } = model;
    const loaded = instance.call(() => (embedding ? loader.finishEmbedder(embedding.pooling) : loader.finish()));
    report({ phase: 'load', file: model.name, loaded: bytes, total: bytes });
    throwIfAborted(signal);
    const speed = instance.call(() => loaded.speed());
    const warning = slowModelWarning(speed, model, bytes);
    if (warning) warn(warning);
    return {
      name: model.name,
      maxTokens: instance.call(() => loaded.maxTokens),
      dimensions: isEmbedder(loaded) ? instance.call(() => loaded.dimensions) : undefined,
      unfused: Object.fromEntries(speed.unfused),
      kernel: speed.kernel,
      module,
      instance,
      model: loaded,
    };
  } catch (error) {
    await instance.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', close);
  }
}

/** A graph below this size may have its weights in other files, which it names. */
const fewestGraphBytes = 16 << 20;

/**
 * Returns the memory that the model takes, about the size of its files; undefined if that is not known. A graph on floats
 * of 16 bits takes twice its size. Only the names of int8 graphs say that they are none.
 */
function bytesOf({ files }: ResolvedModel): number | undefined {
  let bytes = 0;
  for (const { role, size, location, beside = {} } of files) {
    const isGraph = role === 'model';
    if (size === undefined || (isGraph && size < fewestGraphBytes) || Object.keys(beside).length > 0) return undefined;
    const [name = ''] = describeLocation(location).split(/[?#]/, 1);
    bytes += isGraph && !/(int8|quantized)[^/]*$/.test(name) ? 2 * size : size;
  }
  return bytes;
}

/** Feeds a file like {@link feedAll}. An optional file that is missing has no bytes. */
async function feedIfThere(file: ResolvedFile, feeding: Feeding): Promise<number> {
  try {
    return await feedAll(file, feeding);
  } catch (error) {
    if (isDispensable(file, error)) return 0;
    throw error;
  }
}

/** Feeds a file, and after a graph the files that it names; returns their size in bytes. */
async function feedAll(file: ResolvedFile, feeding: Feeding): Promise<number> {
  const { instance, loader } = feeding;
  let bytes = await feed(file, feeding);
  if (file.role !== 'model') return bytes;
  const names: string[] = [];
  for (;;) {
    const name = instance.call(() => loader.nextDataFile());
    if (name === undefined) break;
    names.push(name);
    bytes += await feed(fileBeside(file, name), feeding);
  }
  await noteDataNames(names, file, feeding);
  return bytes;
}

/** Notes in the cache which files hold the weights of a graph that was downloaded: only the graph names them. */
async function noteDataNames(names: string[], file: ResolvedFile, { cache }: Feeding): Promise<void> {
  const key = cacheKey(file);
  if (names.length === 0 || key === undefined || !cache.usable) return;
  const notes = new CachedNotes(() => cache);
  const text = JSON.stringify(names);
  if ((await notes.read(dataNamesKey(key))) !== text) {
    await notes.write(dataNamesKey(key), String(file.location), text);
  }
}

/** Awaits the model unless the signal aborts first. A model that is ready after that is closed. */
export async function modelUntilAborted(
  loading: Promise<LoadedModel>,
  signal: AbortSignal | undefined,
): Promise<LoadedModel> {
  try {
    return await untilAborted(loading, signal);
  } catch (error) {
    loading.then(({ instance }) => instance.close()).catch(() => {});
    throw error;
  }
}
