import type { Instance } from './instance.js';

/** An instance with threads, as its user needs it. */
export interface InstanceWish {
  /** How many threads it has, its first one included. */
  count: number;
  /** The memory that the model takes; undefined if that is not known yet. */
  modelBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The port that this room needs of a platform to start threads. */
export interface ThreadSupport {
  /** How many threads run at the same time. */
  processors(): number;
  /** For how many threads there is memory. */
  room(): number;
  /** Compiles the engine with threads. */
  engine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Starts an instance of that engine. */
  startInstance(module: WebAssembly.Module, wish: InstanceWish): Promise<Instance>;
}
