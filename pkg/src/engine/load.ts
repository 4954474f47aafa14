import { type CacheChoice, ModelCache } from '../cache/model-cache.js';
import { untilAborted } from '../common/deferred.js';
import { throwIfAborted } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/types.js';
import type { ResolvedModel } from '../files/resolve.js';
import type { Runtime } from '../instance/instance.js';
import type { EngineSource, ThreadWish } from '../reranker/options.js';
import type { Engine } from '../wasm/bindings.js';
import { feed, turn } from './feed.js';
import type { Platform } from './platform.js';
import { startEngine } from './start.js';

/** What a reranker is made of, and how the making is watched. */
export interface LoadTask {
  model: ResolvedModel;
  wasm: EngineSource;
  threads: ThreadWish;
  cache: CacheChoice;
  signal: AbortSignal | undefined;
  report(progress: LoadProgress): void;
  warn(warning: RerankWarning): void;
}

/** A model that is ready, with the instance that it lives in. */
export interface LoadedModel {
  name: string;
  /** Longest pair the model takes, in tokens. */
  maxTokens: number;
  /** What the instance was made of. */
  module: WebAssembly.Module;
  runtime: Runtime;
  engine: Engine;
}

/**
 * Reads the files into a new instance of the engine and prepares the model. After a failure the instance has no
 * owner, and its memory and threads go with it.
 */
export async function loadModel(task: LoadTask, platform: Platform): Promise<LoadedModel> {
  const { model, signal, report, warn } = task;
  const { module, runtime } = await startEngine(task, platform);
  // A file may never come, and the threads are not to wait for it.
  const close = () => void runtime.close();
  signal?.addEventListener('abort', close);
  try {
    throwIfAborted(signal);
    const loader = runtime.call(() => new runtime.bindings.Loader());
    const cache = new ModelCache(task.cache, platform, warn);
    let bytes = 0;
    for (const file of model.files) bytes += await feed(file, { platform, cache, runtime, loader, signal, report });
    report({ phase: 'load', file: model.name, loaded: 0, total: bytes });
    await turn(platform, signal);
    const engine = runtime.call(() => loader.finish());
    report({ phase: 'load', file: model.name, loaded: bytes, total: bytes });
    throwIfAborted(signal);
    return { name: model.name, maxTokens: runtime.call(() => engine.maxTokens), module, runtime, engine };
  } catch (error) {
    await runtime.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', close);
  }
}

/** The model that `loading` gives, unless the signal speaks first; one that comes all the same is closed. */
export async function modelUntilAborted(
  loading: Promise<LoadedModel>,
  signal: AbortSignal | undefined,
): Promise<LoadedModel> {
  try {
    return await untilAborted(loading, signal);
  } catch (error) {
    loading.then(({ runtime }) => runtime.close()).catch(() => {});
    throw error;
  }
}
