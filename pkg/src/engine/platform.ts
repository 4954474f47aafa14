import type { Caches } from '../cache/managed.js';
import type { CacheBackend } from '../common/types.js';
import type { LocalFiles } from '../files/local-files.js';
import type { ThreadSupport } from '../instance/thread-support.js';

/** What differs between the environments that the package runs in. */
export interface Platform {
  /** The compiled engine that ships with the package. */
  defaultEngine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Lets the event loop turn, so that messages, aborts and painting get their chance. */
  pause(): Promise<void>;
  /** Access to local files, where there is any. */
  files?: LocalFiles;
  /** Where downloaded files can be kept; absent where there is no such place. */
  caches?: Caches;
  /** A cache in a directory of the caller's choice; absent where there are no directories. */
  directoryCache?(path: string): CacheBackend;
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
