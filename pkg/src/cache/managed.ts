import type { CacheBackend, ClearedCache } from '../common/cache-backend.js';

/** A cache that the package manages. */
export interface ManagedCache extends CacheBackend {
  /** Removes all files, unfinished ones included. */
  clear(): Promise<ClearedCache>;
}

/** The port that this room needs of a platform. */
export interface Caches {
  /** The best cache to write to, or a clause that says why there is none. */
  preferred(): CacheBackend | string;
  /** All caches that may hold files. */
  all(): ManagedCache[];
}
