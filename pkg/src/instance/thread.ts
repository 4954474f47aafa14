import { messageOf, type RerankErrorCode } from '../common/errors.js';
import { createBindings } from '../wasm/bindings-threads.js';
import { isOutOfMemory } from './failures.js';

/** The module and memory of the instance that a thread works for. */
export interface ThreadTask {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** A message from a thread to the instance that started it. */
export type ThreadMessage =
  | { type: 'thread-ready' }
  /** The last message. Calls that waited for the thread fail with `code`. */
  | { type: 'thread-failed'; code: RerankErrorCode; message: string };

/** In bytes. A thread's calls are shallow, and each thread takes this memory. */
const stackBytes = 512 << 10;

/** Works for the instance with this memory until the thread is ended or fails. */
export async function serveThread({ module, memory }: ThreadTask, say: (message: ThreadMessage) => void) {
  try {
    const bindings = createBindings();
    await bindings({ module_or_path: module, memory, thread_stack_size: stackBytes });
    say({ type: 'thread-ready' });
    try {
      bindings.serveThread();
    } catch (error) {
      // Other threads may wait for this one inside the instance, where no message reaches them.
      bindings.threadFailed(isOutOfMemory(error));
      throw error;
    }
  } catch (error) {
    const code = isOutOfMemory(error) ? 'out_of_memory' : 'internal';
    say({ type: 'thread-failed', code, message: messageOf(error) });
  }
}
