import type { CachedFile, CacheEntry, CacheFacts, CacheWriter, ClearedCache } from '../common/cache-backend.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';

const cacheName = 'rerank-wasm';

/** Requests need a URL, which is never fetched. */
const factsFolder = 'https://rerank-wasm.invalid/facts/';
const factsUrl = (key: string) => factsFolder + idOf(key);
const bytesUrl = (key: string) => `https://rerank-wasm.invalid/bytes/${idOf(key)}`;

/** True if the Cache API is available. */
export function hasCacheStorage(): boolean {
  try {
    return typeof globalThis.caches?.open === 'function';
  } catch {
    // In a frame without an origin, reading `caches` throws.
    return false;
  }
}

/** A cache in the Cache API: a response with the bytes and, stored after it, a response with the facts. */
export class CacheStorageCache implements ManagedCache {
  async read(key: string): Promise<CachedFile | undefined> {
    const cache = await caches.open(cacheName);
    const facts = await cache.match(factsUrl(key));
    const entry = facts && parseEntry(await facts.text());
    const bytes = entry && (await cache.match(bytesUrl(key)));
    if (!entry || !bytes?.body) return undefined;
    const { url, size, sha256 } = entry;
    return { url, size, sha256, stream: bytes.body };
  }

  async write(key: string): Promise<CacheWriter> {
    return new CacheStorageWriter(await caches.open(cacheName), key);
  }

  async delete(key: string): Promise<void> {
    const cache = await caches.open(cacheName);
    await cache.delete(factsUrl(key));
    await cache.delete(bytesUrl(key));
  }

  async clear(): Promise<ClearedCache> {
    const entries = await this.list();
    await caches.delete(cacheName);
    return { files: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0) };
  }

  async list(): Promise<CacheEntry[]> {
    const cache = await caches.open(cacheName);
    const entries: CacheEntry[] = [];
    for (const request of await cache.keys()) {
      if (!request.url.startsWith(factsFolder)) continue;
      const entry = parseEntry((await (await cache.match(request))?.text()) ?? '');
      if (entry) entries.push(entry);
    }
    return entries;
  }
}

/** Streams the bytes into the store. It shows a response only after the whole body has arrived. */
class CacheStorageWriter implements CacheWriter {
  readonly #cache: Cache;
  readonly #key: string;
  readonly #bytes: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stored: Promise<void>;
  /** Rejects if the store fails before the bytes end. */
  readonly #failed: Promise<never>;

  constructor(cache: Cache, key: string) {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
    this.#cache = cache;
    this.#key = key;
    this.#bytes = writable.getWriter();
    this.#bytes.closed.catch(() => {});
    this.#stored = cache.put(bytesUrl(key), new Response(readable));
    this.#failed = new Promise((_, reject) => this.#stored.catch(reject));
    this.#failed.catch(() => {});
  }

  write(chunk: Uint8Array): Promise<void> {
    return Promise.race([this.#bytes.write(chunk), this.#failed]);
  }

  async commit({ url, size, sha256 }: CacheFacts): Promise<void> {
    await Promise.race([this.#bytes.close(), this.#failed]);
    await this.#stored;
    const entry: CacheEntry = { key: this.#key, url, size, sha256 };
    await this.#cache.put(factsUrl(this.#key), Response.json(entry));
  }

  async abort(): Promise<void> {
    await this.#bytes.abort().catch(() => {});
    await this.#stored.catch(() => {});
    if (!(await this.#cache.match(factsUrl(this.#key)))) await this.#cache.delete(bytesUrl(this.#key));
  }
}
