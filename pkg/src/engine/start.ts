import type { EngineSource, ThreadWish } from '../common/choices.js';
import { messageOf, RerankError, sentence } from '../common/errors.js';
import type { RerankWarning } from '../common/loading.js';
import { Instance } from '../instance/instance.js';
import { threadsEngineName } from '../instance/simd.js';
import { compileEngine } from './compile.js';
import type { Platform } from './platform.js';
import { chooseThreads, threadsUnavailable, whyOneThread } from './thread-count.js';

/** The parts of an instance. */
export interface EngineTask {
  wasm: EngineSource;
  threads: ThreadWish;
  /** The memory that the model takes; undefined if that is not known yet. */
  modelBytes?: number | undefined;
  signal: AbortSignal | undefined;
  warn(warning: RerankWarning): void;
}

export interface StartedEngine {
  module: WebAssembly.Module;
  instance: Instance;
}

/** Starts an instance with its threads. */
export async function startEngine(task: EngineTask, platform: Platform): Promise<StartedEngine> {
  const { wasm } = task;
  if (wasm === undefined || isDirectory(wasm)) return startOwn(task, wasm, platform);
  // An engine that the caller passes has threads or has none, whatever the platform prefers.
  return startGiven(task, platform);
}

/** Starts one of the package's engines, beside its code or in a copy of `dist/wasm`. */
async function startOwn(task: EngineTask, directory: string | undefined, platform: Platform): Promise<StartedEngine> {
  const { threads, modelBytes, signal, warn } = task;
  const support = platform.threads;
  const { count, missing } = chooseThreads(threads, support);
  let reason = missing;
  if (count > 1 && typeof support === 'object') {
    try {
      const module = await compileEngine(
        directory && `${directory}${threadsEngineName()}`,
        { ...platform, defaultEngine: support.engine },
        signal,
      );
      return { module, instance: await support.startInstance(module, { count, modelBytes, signal }) };
    } catch (error) {
      if (typeof threads === 'number' || (error instanceof RerankError && error.code === 'aborted')) throw error;
      reason = messageOf(error);
    }
  }
  const module = await compileEngine(directory, platform, signal);
  const instance = await Instance.start(module);
  if (threads === 'auto' && reason !== undefined) {
    warn({ code: 'threads_unavailable', message: `The engine runs on one thread. ${sentence(reason)}` });
  }
  return { module, instance };
}

async function startGiven(
  { wasm, threads, modelBytes, signal }: EngineTask,
  platform: Platform,
): Promise<StartedEngine> {
  const module = await compileEngine(wasm, platform, signal);
  const isThreaded = WebAssembly.Module.imports(module).some(({ kind }) => kind === 'memory');
  if (isThreaded) {
    const support = platform.threads;
    if (typeof support !== 'object') {
      const found = `\`wasm\` is the engine with threads, which cannot run here. ${whyOneThread(support)}`;
      throw new RerankError('unsupported_environment', `${found} Pass the URL of \`dist/wasm/\` instead.`);
    }
    const { count } = chooseThreads(threads, support);
    return { module, instance: await support.startInstance(module, { count, modelBytes, signal }) };
  }
  if (typeof threads === 'number' && threads > 1) {
    throw threadsUnavailable(threads, '`wasm` is an engine without threads; pass the URL of `dist/wasm/` instead');
  }
  return { module, instance: await Instance.start(module) };
}

function isDirectory(wasm: EngineSource): wasm is string {
  return typeof wasm === 'string' && wasm.endsWith('/');
}
