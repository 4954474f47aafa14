import type { CacheBackend } from '../common/cache-backend.js';

/** A cache that the package manages. */
export interface ManagedCache extends CacheBackend {
  /** Removes all files, incomplete ones included. */
  clear(): Promise<void>;
}

/** The port that this room needs of a platform. */
export interface Caches {
  /** The best cache to write to, if there is one. */
  preferred(): CacheBackend | undefined;
  /** All caches that may hold files. */
  all(): ManagedCache[];
}
