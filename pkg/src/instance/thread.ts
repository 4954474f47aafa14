import { messageOf, type RerankErrorCode } from '../common/errors.js';
import { createBindings } from '../wasm/bindings-threads.js';
import { isOutOfMemory } from './failures.js';

/** What a thread of the engine begins with. */
export interface ThreadTask {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** What a thread says. */
export type ThreadMessage =
  | { type: 'thread-ready' }
  /** Its last words; `code` is what the calls that waited for it fail with. */
  | { type: 'thread-failed'; code: RerankErrorCode; message: string };

/** In bytes. Nothing that a thread of the engine does goes deep, and every thread takes it. */
const stackBytes = 512 << 10;

/** Works for the engine whose memory it is, until the thread is ended or fails. */
export async function serveThread({ module, memory }: ThreadTask, say: (message: ThreadMessage) => void) {
  try {
    const bindings = createBindings();
    await bindings({ module_or_path: module, memory, thread_stack_size: stackBytes });
    say({ type: 'thread-ready' });
    try {
      bindings.serveThread();
    } catch (error) {
      // Others may wait for it inside the engine, where no message reaches them.
      bindings.threadFailed(isOutOfMemory(error));
      throw error;
    }
  } catch (error) {
    const code = isOutOfMemory(error) ? 'out_of_memory' : 'internal';
    say({ type: 'thread-failed', code, message: messageOf(error) });
  }
}
