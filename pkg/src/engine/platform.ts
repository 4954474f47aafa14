import type { CacheBackend } from '../common/types.js';
import type { Runtime } from '../instance/instance.js';

/** A file that has been opened: its size where that is known, and its bytes in pieces. */
export interface OpenFile {
  size: number | undefined;
  /** True where the size is a fact; false where it is what a server says, which compression can falsify. */
  exact: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** The hash of the bytes so far, where nobody else knows what it must be. */
  sha256?: (() => string) | undefined;
  /** Lets go of what lies behind the chunks, read or not. */
  close(): void;
}

/** Where a model's files lie in a directory. */
export interface ModelDirectory {
  model: URL;
  tokenizer: URL;
  config: URL;
}

/** A bundle that was found in the place of a directory. */
export interface LocalBundle {
  bundle: URL;
}

/** A cache of the package's own. */
export interface ManagedCache extends CacheBackend {
  /** Removes all files, those that never became complete included. */
  clear(): Promise<void>;
}

/** Threads for the engine. */
export interface ThreadSupport {
  /** How many run at the same time. */
  processors(): number;
  /** For how many there is memory. */
  room(): number;
  /** The compiled engine with threads. */
  engine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** An instance of that engine with its threads, `count` in all. */
  startRuntime(module: WebAssembly.Module, count: number, signal: AbortSignal | undefined): Promise<Runtime>;
}

/** What differs between the environments that the package runs in. */
export interface Platform {
  /** The compiled engine that ships with the package. */
  defaultEngine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Lets the event loop turn, so that messages, aborts and painting get their chance. */
  pause(): Promise<void>;
  /** Access to local files, where there is any. */
  files?: {
    open(url: URL, signal: AbortSignal | undefined): Promise<OpenFile>;
    findModel(path: string | URL): Promise<ModelDirectory | LocalBundle>;
  };
  /** Where downloaded files can be kept; absent where there is no such place. */
  caches?: {
    /** The best one to write to, if there is one. */
    preferred(): CacheBackend | undefined;
    /** All that may hold files. */
    all(): ManagedCache[];
  };
  /**
   * Does `work` while nobody else who shares the caches does work of the same name; absent where that cannot be had.
   *
   * @throws `aborted` while it waits
   */
  exclusively?<Value>(name: string, work: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value>;
  /**
   * True where a download belongs to the request that began it and dies with it, so that it cannot be made for all calls:
   * an instance that broke is replaced here only where the model is at hand.
   */
  requestsOwnDownloads?: boolean;
  /** How to have several threads, or why there is only one; absent where nobody would expect more. */
  threads?: ThreadSupport | string;
  /** How to start a worker, and whether that is what one does here; absent where there are none. */
  workers?: {
    /**
     * Ways to start one, best first. `threads`: the engine may want further ones, which another script need not be able to
     * be.
     */
    starts(threads: boolean): (() => Worker)[];
    preferred: boolean;
  };
}
