import type { ByteStream } from './globals.js';

/** Facts that a cache keeps of a file. */
export interface CacheFacts {
  /** Where the file was downloaded from. */
  url: string;
  /** Size in bytes. */
  size: number;
  /** SHA-256 of the whole file, 64 lower-case hexadecimal digits. */
  sha256: string;
}

/** A file in a cache. */
export interface CacheEntry extends CacheFacts {
  /** Finds the file in its cache: an opaque, unique text of any characters. */
  key: string;
}

/** A file in a cache, opened. */
export interface CachedFile extends CacheFacts {
  /** The bytes. The reader reads to the end or cancels, and checks them against the facts. */
  stream: ByteStream;
}

/**
 * A file on its way into a cache. Readers see it after `commit`. After `commit` or `abort` no method is called any
 * more.
 */
export interface CacheWriter {
  /** Appends bytes; settles when more may follow. It must not change the chunk, which the caller keeps. */
  write(chunk: Uint8Array): Promise<void>;
  /** Completes the file; it replaces the earlier file of its key. */
  commit(facts: CacheFacts): Promise<void>;
  /** Drops the file and all that was written of it. */
  abort(): Promise<void>;
}

/**
 * Keeps model files between starts. Write your own for another store.
 *
 * If one of its methods throws, the caller gets one {@link RerankWarning}, and the model loads without the cache.
 */
export interface CacheBackend {
  /** Opens the file of this key; undefined if there is none. */
  read(key: string): Promise<CachedFile | undefined>;
  /** Starts a file for this key. */
  write(key: string): Promise<CacheWriter>;
  /** Removes the file of this key, if there is one. */
  delete(key: string): Promise<void>;
  /** Lists all files that were committed. */
  list(): Promise<CacheEntry[]>;
}
