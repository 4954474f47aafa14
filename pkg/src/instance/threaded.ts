import { createBindings } from '../wasm/bindings-threads.js';
import { Instance, instantiate } from './instance.js';
import { createSharedMemory } from './shared-memory.js';
import { type StartThread, ThreadPool } from './thread-pool.js';

/**
 * Starts an instance that shares its memory with further threads, `count` threads in all.
 *
 * @throws `unsupported_environment`, `out_of_memory`, `aborted`, `invalid_input` for a module that is not the engine
 */
export async function startThreaded(
  module: WebAssembly.Module,
  count: number,
  startThread: StartThread,
  signal: AbortSignal | undefined,
): Promise<Instance> {
  const bindings = createBindings();
  const memory = createSharedMemory();
  const { __wasm_call_ctors: construct } = await instantiate(bindings, module, memory);
  // The first instance prepares the memory for all.
  construct();
  const leave = () => bindings.endThreads();
  const pool = await ThreadPool.start(count - 1, startThread, { module, memory }, signal, leave);
  return Instance.withThreads(bindings, memory, pool);
}
