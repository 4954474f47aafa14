import { createBindings } from '../wasm/bindings-threads.js';
import { Instance, instantiate } from './instance.js';
import { createSharedMemory } from './shared-memory.js';
import { type StartThread, ThreadPool } from './thread-pool.js';
import type { InstanceWish } from './thread-support.js';

/**
 * Starts an instance that shares its memory with further threads.
 *
 * @throws `unsupported_environment`, `out_of_memory`, `aborted`, `invalid_input` for a module that is not the engine
 */
export async function startThreaded(
  module: WebAssembly.Module,
  wish: InstanceWish,
  startThread: StartThread,
): Promise<Instance> {
  const { count, signal } = wish;
  const bindings = createBindings();
  const memory = createSharedMemory(wish);
  const { __wasm_call_ctors: construct } = await instantiate(bindings, module, memory);
  // The first instance prepares the memory for all.
  construct();
  const leave = () => bindings.endThreads();
  const pool = await ThreadPool.start(count - 1, startThread, { module, memory }, signal, leave);
  return Instance.withThreads(bindings, memory, pool);
}
