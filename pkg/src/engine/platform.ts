import type { Caches } from '../cache/managed.js';
import type { CacheBackend } from '../common/cache-backend.js';
import type { StartWorker, WorkerHandle } from '../common/worker-handle.js';
import type { EnvironmentVariable } from '../files/hub/environment.js';
import type { LocalFiles } from '../files/local-files.js';
import type { ThreadSupport } from '../instance/thread-support.js';

/** The differences between browser, Node and isolate. */
export interface Platform {
  /** Compiles the engine that ships with the package. */
  defaultEngine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Lets the event loop turn, so that messages, aborts and painting are handled. */
  pause(): Promise<void>;
  /** Local files; absent without a file system. */
  files?: LocalFiles;
  /** Reads the environment's variables about the Hugging Face hub; absent without an environment. */
  environment?: EnvironmentVariable;
  /** Says as a sentence how requests to this URL go through the environment's proxy, which they do not use. */
  proxyAdvice?(url: string): string | undefined;
  /** Caches for downloaded files; absent if there are none. */
  caches?: Caches;
  /** Makes a cache in a directory that the caller chooses; absent without directories. */
  directoryCache?(path: string): CacheBackend;
  /**
   * Runs `work` while no other tab or worker with the same caches runs work of this name; absent without such locks.
   *
   * @throws `aborted` if the signal aborts the wait
   */
  exclusively?<Value>(name: string, work: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value>;
  /**
   * True if a download dies with the request that began it, as in an isolate. It cannot serve all calls, so a
   * crashed instance is replaced only if the model's bytes are in memory.
   */
  requestsOwnDownloads?: boolean;
  /** Starts threads, or says as a clause why only one runs; absent if one thread needs no explanation. */
  threads?: ThreadSupport | string;
  /** Starts workers; absent if there are none. */
  workers?: {
    /**
     * Returns ways to start a worker, best first. With `threads`, the engine in it may start threads; another script
     * than the package's may be unable to serve as one.
     */
    starts(threads: boolean): StartWorker[];
    /** Gives a worker that the caller started the form of a web worker; absent if it has that form. */
    adopt?(worker: unknown): WorkerHandle;
    /** True if `worker: 'auto'` starts a worker. */
    preferred: boolean;
    /** True if this thread compiles the engine for a worker while that starts. Both must have the same engines. */
    precompiles?: boolean;
    /** Present if workers share no memory. Further threads are then workers with an engine for each. */
    apart?: EnginesApart | undefined;
  };
}

/** Engines in workers that share no memory. */
export interface EnginesApart extends Pick<ThreadSupport, 'processors' | 'room'> {
  /** Why workers share no memory, as a clause. */
  reason: string;
}
