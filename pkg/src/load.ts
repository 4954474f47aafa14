import { compileEngine } from './compile.js';
import { RerankError, throwIfAborted } from './errors.js';
import { openFile } from './files.js';
import { describeLocation } from './kinds.js';
import type { EngineSource } from './options.js';
import type { Platform } from './platform.js';
import { Runtime } from './runtime.js';
import type { ResolvedFile, ResolvedModel } from './source.js';
import type { LoadProgress } from './types.js';
import type { Engine, Loader } from './wasm/bindings.js';

/** What a reranker is made of, and how the making is watched. */
export interface LoadTask {
  model: ResolvedModel;
  wasm: EngineSource;
  signal: AbortSignal | undefined;
  report(progress: LoadProgress): void;
}

/** A model that is ready, with the instance that it lives in. */
export interface LoadedModel {
  name: string;
  runtime: Runtime;
  engine: Engine;
}

/** How much is read between two turns of the event loop where reading itself gives it none. */
const bytesPerTurn = 4 << 20;

const addressableBytes = 2 ** 32 - 1;

/**
 * Reads the files into a new instance of the engine and prepares the model. After a failure the instance has no
 * owner, and its memory goes with it.
 */
export async function loadModel(task: LoadTask, platform: Platform): Promise<LoadedModel> {
  const { model, signal, report } = task;
  const runtime = await Runtime.start(await compileEngine(task.wasm, platform, signal));
  const loader = runtime.call(() => new runtime.bindings.Loader());
  let bytes = 0;
  for (const file of model.files) bytes += await feed(file, { ...task, platform, runtime, loader });
  report({ phase: 'load', file: model.name, loaded: 0, total: bytes });
  await turn(platform, signal);
  const engine = runtime.call(() => loader.finish());
  report({ phase: 'load', file: model.name, loaded: bytes, total: bytes });
  throwIfAborted(signal);
  return { name: model.name, runtime, engine };
}

interface Feeding extends LoadTask {
  platform: Platform;
  runtime: Runtime;
  loader: Loader;
}

async function feed(file: ResolvedFile, { platform, runtime, loader, signal, report }: Feeding): Promise<number> {
  const { role } = file;
  const opened = await openFile(file.location, platform, signal);
  const size = file.size ?? (opened.exact ? opened.size : undefined);
  const expected = size ?? opened.size;
  let loaded = 0;
  try {
    if (size !== undefined && size > addressableBytes) {
      throw new RerankError('out_of_memory', `the ${role} file has ${size} bytes, more than WebAssembly can address`);
    }
    const likelySize = expected !== undefined && expected <= addressableBytes ? expected : undefined;
    runtime.call(() => loader.begin(role, size, file.sha256, likelySize));
    report({ phase: 'download', file: role, loaded, total: expected });
    for await (const chunk of opened.chunks) {
      throwIfAborted(signal);
      runtime.call(() => loader.push(chunk));
      const turnIsDue = Math.floor((loaded + chunk.length) / bytesPerTurn) > Math.floor(loaded / bytesPerTurn);
      loaded += chunk.length;
      report({
        phase: 'download',
        file: role,
        loaded,
        total: expected === undefined || loaded > expected ? undefined : expected,
      });
      if (turnIsDue) await turn(platform, signal);
    }
    report({ phase: 'verify', file: role, loaded, total: loaded });
    await turn(platform, signal);
    runtime.call(() => loader.end());
    return loaded;
  } catch (error) {
    throw located(error, file);
  } finally {
    opened.close();
  }
}

async function turn(platform: Platform, signal: AbortSignal | undefined): Promise<void> {
  await platform.pause();
  throwIfAborted(signal);
}

/** The engine's complaint about a file, with the place that the file came from. */
function located(error: unknown, { location }: ResolvedFile): unknown {
  if (
    !(error instanceof RerankError) ||
    !['integrity_mismatch', 'invalid_model', 'unsupported_model'].includes(error.code)
  ) {
    return error;
  }
  return new RerankError(error.code, `${error.message} (${describeLocation(location)})`, { cause: error.cause });
}
