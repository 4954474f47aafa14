import type { Instance } from './instance.js';

/** The port that this room needs of a platform to start threads. */
export interface ThreadSupport {
  /** How many threads run at the same time. */
  processors(): number;
  /** For how many threads there is memory. */
  room(): number;
  /** Compiles the engine with threads. */
  engine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Starts an instance of that engine with `count` threads in all. */
  startInstance(module: WebAssembly.Module, count: number, signal: AbortSignal | undefined): Promise<Instance>;
}
