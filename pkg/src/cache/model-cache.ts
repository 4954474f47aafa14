import type { CacheBackend, CachedFile, CacheEntry, CacheFacts, CacheWriter } from '../common/cache-backend.js';
import type { CacheChoice } from '../common/choices.js';
import { chunksOf } from '../common/chunks.js';
import { messageOf, RerankError, withReason } from '../common/errors.js';
import type { RerankWarning } from '../common/types.js';
import type { Caches } from './managed.js';

/** A cached file could not be read to its end. */
export class UnreadableError extends Error {}

/** The cache of one creation. It never fails it: the first failure becomes a warning and switches the cache off. */
export class ModelCache {
  readonly #warn: (warning: RerankWarning) => void;
  #backend: CacheBackend | undefined;

  /** An error of `warn` reaches the caller. */
  constructor(choice: CacheChoice, caches: Caches | undefined, warn: (warning: RerankWarning) => void) {
    this.#warn = warn;
    if (typeof choice !== 'string') this.#backend = choice;
    else if (choice === 'auto') this.#backend = this.#preferred(caches);
  }

  /** False if nothing is kept. */
  get usable(): boolean {
    return this.#backend !== undefined;
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
  async *chunks({ stream }: CachedFile): AsyncGenerator<Uint8Array, void, undefined> {
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

  /** Starts to record a file. */
  async record(key: string): Promise<Recording> {
    const writer = await this.#attempt((backend) => backend.write(key));
    return new Recording(writer, (error) => this.#fail(error));
  }

  #preferred(caches: Caches | undefined): CacheBackend | undefined {
    try {
      return caches?.preferred();
    } catch (error) {
      this.#report(error);
      return undefined;
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

  constructor(writer: CacheWriter | undefined, fail: (error: unknown) => void) {
    this.#writer = writer;
    this.#fail = fail;
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#attempt((writer) => writer.write(chunk));
  }

  async commit(facts: CacheFacts): Promise<void> {
    await this.#attempt((writer) => writer.commit(facts));
    this.#writer = undefined;
  }

  /** Drops the file unless it was committed. */
  async end(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    // The creation fails for another reason, or the cache is switched off.
    await writer?.abort().catch(() => {});
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
export async function clearAll(caches: Caches | undefined): Promise<void> {
  await managed(async () => {
    for (const cache of caches?.all() ?? []) await cache.clear();
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
