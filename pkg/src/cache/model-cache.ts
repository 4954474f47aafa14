import type {
  CacheBackend,
  CachedFile,
  CacheEntry,
  CacheFacts,
  CacheOrigin,
  CacheWriter,
  ClearedCache,
} from '../common/cache-backend.js';
import type { CacheChoice } from '../common/choices.js';
import { chunksOf } from '../common/chunks.js';
import { messageOf, RerankError, withReason } from '../common/errors.js';
import type { RerankWarning } from '../common/loading.js';
import type { Caches } from './managed.js';

/** A cached file could not be read to its end. */
export class UnreadableError extends Error {}

/** The beginning of a file that an earlier start kept, and the recording that goes on with it. */
export interface KeptPart extends CacheOrigin {
  size: number;
  chunks: AsyncIterable<Uint8Array>;
  recording: Recording;
}

/** The cache of one creation. It never fails it: the first failure becomes a warning and switches the cache off. */
export class ModelCache {
  readonly #warn: (warning: RerankWarning) => void;
  #backend: CacheBackend | undefined;
  /** Why the platform has no cache, until the caller has been warned. */
  #missing: string | undefined;

  /** An error of `warn` reaches the caller. */
  constructor(choice: CacheChoice, caches: Caches | undefined, warn: (warning: RerankWarning) => void) {
    this.#warn = warn;
    if (typeof choice !== 'string') this.#backend = choice;
    else if (choice === 'auto') this.#open(caches);
  }

  /** False if nothing is kept. */
  get usable(): boolean {
    return this.#backend !== undefined;
  }

  /** Asks for a file that is to be kept: returns `usable`, and warns if the platform has no cache. */
  keeps(): boolean {
    const missing = this.#missing;
    this.#missing = undefined;
    if (missing !== undefined) {
      const message = `Nothing is kept, and each start downloads the model again: ${missing}.`;
      this.#warn({ code: 'cache_unavailable', message });
    }
    return this.usable;
  }

  /** Opens the file of this key, if there is one. */
  find(key: string): Promise<CachedFile | undefined> {
    return this.#attempt((backend) => backend.read(key));
  }

  /**
   * Yields the bytes of a file that was found.
   *
   * @throws {@link UnreadableError}
   */
  async *chunks({ stream }: Pick<CachedFile, 'stream'>): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = chunksOf(stream);
    try {
      for (;;) {
        const { done, value } = await this.#next(chunks);
        if (done) return;
        yield value;
      }
    } finally {
      await chunks.return();
    }
  }

  async remove(key: string): Promise<void> {
    await this.#attempt((backend) => backend.delete(key));
  }

  /** Starts to record a file. With an origin, what was recorded stays if the download is cut. */
  async record(key: string, origin?: CacheOrigin): Promise<Recording> {
    const writer = await this.#attempt((backend) => backend.write(key, origin));
    return new Recording(writer, (error) => this.#fail(error));
  }

  /** Opens what an earlier start recorded of a file, if there is something. */
  async resume(key: string): Promise<KeptPart | undefined> {
    const found = await this.#attempt(async (backend) => backend.resume?.(key));
    if (!found) return undefined;
    const { url, version, size, stream, writer } = found;
    const recording = new Recording(writer, (error) => this.#fail(error), size);
    return { url, version, size, chunks: this.chunks({ stream }), recording };
  }

  #open(caches: Caches | undefined): void {
    try {
      const found = caches?.preferred();
      if (typeof found === 'string') this.#missing = found;
      else this.#backend = found;
    } catch (error) {
      this.#report(error);
    }
  }

  async #next<Chunk>(chunks: AsyncGenerator<Chunk, void, undefined>): Promise<IteratorResult<Chunk, void>> {
    try {
      return await chunks.next();
    } catch (cause) {
      this.#fail(cause);
      throw new UnreadableError(messageOf(cause), { cause });
    }
  }

  async #attempt<Value>(action: (backend: CacheBackend) => Promise<Value>): Promise<Value | undefined> {
    try {
      return this.#backend && (await action(this.#backend));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(cause: unknown): void {
    if (!this.#backend) return;
    this.#backend = undefined;
    this.#report(cause);
  }

  #report(cause: unknown): void {
    this.#warn({
      code: 'cache_failed',
      message: withReason('The cache failed, and the model loads without it', cause),
      cause,
    });
  }
}

/** A file on its way into a cache. After a failure its bytes go nowhere. */
export class Recording {
  readonly #fail: (error: unknown) => void;
  #writer: CacheWriter | undefined;
  /** Bytes that will come and are recorded already. */
  #kept: number;

  constructor(writer: CacheWriter | undefined, fail: (error: unknown) => void, kept = 0) {
    this.#writer = writer;
    this.#fail = fail;
    this.#kept = kept;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const fresh = chunk.subarray(this.#kept);
    this.#kept -= chunk.length - fresh.length;
    if (fresh.length > 0) await this.#attempt((writer) => writer.write(fresh));
  }

  async commit(facts: CacheFacts): Promise<void> {
    await this.#attempt((writer) => writer.commit(facts));
    this.#writer = undefined;
  }

  /** Drops the file unless it was committed. With `keep`, a later start may go on with it. */
  async end(keep = false): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    // The creation fails for another reason, or the cache is switched off.
    await (keep && writer?.suspend ? writer.suspend() : writer?.abort())?.catch(() => {});
  }

  async #attempt(action: (writer: CacheWriter) => Promise<void>): Promise<void> {
    try {
      if (this.#writer) await action(this.#writer);
    } catch (error) {
      await this.end();
      this.#fail(error);
    }
  }
}

/** Lists the files in the platform's caches. */
export async function listAll(caches: Caches | undefined): Promise<CacheEntry[]> {
  return managed(async () => {
    const lists = await Promise.all((caches?.all() ?? []).map((cache) => cache.list()));
    return lists.flat();
  });
}

/** Removes all files from the platform's caches. */
export async function clearAll(caches: Caches | undefined): Promise<ClearedCache> {
  return managed(async () => {
    const cleared = { files: 0, bytes: 0 };
    for (const cache of caches?.all() ?? []) {
      const { files, bytes } = await cache.clear();
      cleared.files += files;
      cleared.bytes += bytes;
    }
    return cleared;
  });
}

async function managed<Value>(action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (cause) {
    const message = withReason('The cache cannot be used here', cause, 'allow the site or the process to store files');
    throw new RerankError('unsupported_environment', message, { cause });
  }
}
