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

/** What `clearCache` removed, the parts of unfinished downloads included. */
export interface ClearedCache {
  /** Number of files. */
  files: number;
  /** Size of these files. */
  bytes: number;
}

/** A file in a cache, opened. */
export interface CachedFile extends CacheFacts {
  /** The bytes. The reader reads to the end or cancels, and checks them against the facts. */
  stream: ByteStream;
}

/** Where a file comes from that is on its way into a cache. */
export interface CacheOrigin {
  /** Where the file is downloaded from. */
  url: string;
  /** The server's name for this version of the file: an entity tag or a date. */
  version?: string | undefined;
}

/**
 * A file on its way into a cache. Readers see it after `commit`. After `commit`, `abort` or `suspend` no method is called
 * any more.
 */
export interface CacheWriter {
  /** Appends bytes; settles when more may follow. It must not change the chunk, which the caller keeps. */
  write(chunk: Uint8Array): Promise<void>;
  /** Completes the file; it replaces the earlier file of its key. */
  commit(facts: CacheFacts): Promise<void>;
  /** Drops the file and all that was written of it. */
  abort(): Promise<void>;
  /** Keeps what was written for `resume`; called in place of `abort` if the download may go on later. Optional. */
  suspend?(): Promise<void>;
}

/** The beginning of a file that an earlier start wrote, and the way to complete it. */
export interface UnfinishedFile extends CacheOrigin {
  /** Bytes that were kept. */
  size: number;
  /** These bytes. The reader reads to the end before anything is written, or ends the writer. */
  stream: ByteStream;
  /** Appends to these bytes. */
  writer: CacheWriter;
}

/**
 * Keeps model files between starts. Write your own for another store.
 *
 * If one of its methods throws, the caller gets one {@link RerankWarning}, and the model loads without the cache.
 */
export interface CacheBackend {
  /** Opens the file of this key; undefined if there is none. */
  read(key: string): Promise<CachedFile | undefined>;
  /** Starts a file for this key. With an `origin`, the cache may keep what was written if the download is cut. */
  write(key: string, origin?: CacheOrigin): Promise<CacheWriter>;
  /**
   * Opens the file of this key that a download began and did not end; undefined if there is none. It returns only bytes
   * that are as they were written, and no file that another download is writing. Optional.
   */
  resume?(key: string): Promise<UnfinishedFile | undefined>;
  /** Removes the file of this key, if there is one. */
  delete(key: string): Promise<void>;
  /** Lists all files that were committed. */
  list(): Promise<CacheEntry[]>;
}
