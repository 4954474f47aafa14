import type { Instance } from './instance.js';

/** Threads for the engine. */
export interface ThreadSupport {
  /** How many run at the same time. */
  processors(): number;
  /** For how many there is memory. */
  room(): number;
  /** The compiled engine with threads. */
  engine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** An instance of that engine with its threads, `count` in all. */
  startInstance(module: WebAssembly.Module, count: number, signal: AbortSignal | undefined): Promise<Instance>;
}
