import { CacheStorageCache, hasCacheStorage } from '../cache/cache-api.js';
import type { Caches } from '../cache/managed.js';
import { OpfsCache } from '../cache/opfs.js';
import { canWriteOpfs, hasOpfs } from '../cache/opfs-files.js';

/**
 * The caches of pages and workers.
 *
 * The origin's private file system is first. A page's model is loaded in a worker, and a worker writes each chunk to
 * the disk as it arrives. That holds in every browser, and memory never holds the whole file. The Cache API may collect
 * a whole body before it stores it (WebKit does). It is used if the private file system is missing or read-only.
 */
export const browserCaches: Caches = {
  preferred() {
    if (canWriteOpfs()) return new OpfsCache();
    return hasCacheStorage() ? new CacheStorageCache() : whyNone();
  },
  all() {
    return [...(hasOpfs() ? [new OpfsCache()] : []), ...(hasCacheStorage() ? [new CacheStorageCache()] : [])];
  },
};

function whyNone(): string {
  return globalThis.isSecureContext === false
    ? 'this page is not a secure context, and browsers store files in one alone; serve it over https, or from localhost'
    : 'this platform has neither a private file system nor the Cache API; pass your own `cache`';
}
