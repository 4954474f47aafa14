import type { Bindings } from './bindings.js';

/** The engine with threads. The memory is shared, and the first instance on it prepares it for all. */
export interface ThreadedBindings extends Bindings {
  (init: {
    module_or_path: WebAssembly.Module;
    memory?: WebAssembly.Memory;
    /** Bytes, a multiple of 65,536; of a further instance alone. */
    thread_stack_size?: number;
  }): ReturnType<Bindings>;
  /** Makes this instance work for the first one, until that ends its threads. */
  serveThread(): void;
  /** Has the threads leave, each when it has done what it is at. */
  endThreads(): void;
  /** To be called in an instance that has failed, so that the others do not wait for it. */
  threadFailed(outOfMemory: boolean): void;
}

export function createBindings(): ThreadedBindings;
/** Least size of the memory, in pages of 65,536 bytes. */
export declare const initialPages: number;
