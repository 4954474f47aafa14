import { CacheStorageCache, hasCacheStorage } from '../cache/cache-api.js';
import type { Caches } from '../cache/managed.js';
import { canWriteOpfs, hasOpfs, OpfsCache } from '../cache/opfs.js';

/**
 * The caches of pages and workers. The origin's private file system comes first: a worker, which is where a page's model
 * is loaded, writes each chunk to the disk as it comes and reads it from there, in every engine, with no copy of the
 * whole in memory. The Cache API may collect a whole body before it stores it (WebKit does). It serves where there
 * is no private file system or where that cannot be written to.
 */
export const browserCaches: Caches = {
  preferred() {
    if (canWriteOpfs()) return new OpfsCache();
    return hasCacheStorage() ? new CacheStorageCache() : undefined;
  },
  all() {
    return [...(hasOpfs() ? [new OpfsCache()] : []), ...(hasCacheStorage() ? [new CacheStorageCache()] : [])];
  },
};
