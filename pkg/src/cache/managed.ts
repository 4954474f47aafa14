import type { CacheBackend } from '../common/types.js';

/** A cache of the package's own. */
export interface ManagedCache extends CacheBackend {
  /** Removes all files, those that never became complete included. */
  clear(): Promise<void>;
}

/** The caches of a platform. */
export interface Caches {
  /** The best one to write to, if there is one. */
  preferred(): CacheBackend | undefined;
  /** All that may hold files. */
  all(): ManagedCache[];
}
