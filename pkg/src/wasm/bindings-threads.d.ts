import type { Bindings } from './bindings.js';

/** The engine with threads. Instances share the memory, and the first one prepares it for all. */
export interface ThreadedBindings extends Bindings {
  (init: {
    module_or_path: WebAssembly.Module;
    memory?: WebAssembly.Memory;
    /** Bytes, a multiple of 65,536; for a further instance only. */
    thread_stack_size?: number;
  }): ReturnType<Bindings>;
  /** Makes this instance work for the first one until the first one ends its threads. */
  serveThread(): void;
  /** Makes the threads return, each after its current work. */
  endThreads(): void;
  /** Call it in an instance that failed, so that the others do not wait for it. */
  threadFailed(outOfMemory: boolean): void;
}

export function createBindings(): ThreadedBindings;
/** The least size of the memory, in pages of 65,536 bytes. */
export declare const initialPages: number;
