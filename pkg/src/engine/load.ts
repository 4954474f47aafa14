import { ModelCache } from '../cache/model-cache.js';
import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { untilAborted } from '../common/deferred.js';
import { throwIfAborted } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/types.js';
import type { ResolvedModel } from '../files/resolved.js';
import type { Instance } from '../instance/instance.js';
import type { Model } from '../wasm/bindings.js';
import { feed, turn } from './feed.js';
import type { Platform } from './platform.js';
import { startEngine } from './start.js';

/** The parts of a reranker, and the watchers of its creation. */
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
  /** Longest pair that the model takes, in tokens. */
  maxTokens: number;
  /** The compiled engine of the instance. */
  module: WebAssembly.Module;
  instance: Instance;
  model: Model;
}

/**
 * Reads the files into a new instance and prepares the model. A failure closes the instance, which ends its threads and
 * frees its memory.
 */
export async function loadModel(task: LoadTask, platform: Platform): Promise<LoadedModel> {
  const { model, signal, report, warn } = task;
  const { module, instance } = await startEngine(task, platform);
  // A file may never arrive; an abort ends the threads without waiting for it.
  const close = () => void instance.close();
  signal?.addEventListener('abort', close);
  try {
    throwIfAborted(signal);
    const loader = instance.call(() => new instance.bindings.Loader());
    const cache = new ModelCache(task.cache, platform.caches, warn);
    let bytes = 0;
    for (const file of model.files) bytes += await feed(file, { platform, cache, instance, loader, signal, report });
    report({ phase: 'load', file: model.name, loaded: 0, total: bytes });
    await turn(platform, signal);
    const loaded = instance.call(() => loader.finish());
    report({ phase: 'load', file: model.name, loaded: bytes, total: bytes });
    throwIfAborted(signal);
    return { name: model.name, maxTokens: instance.call(() => loaded.maxTokens), module, instance, model: loaded };
  } catch (error) {
    await instance.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', close);
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
