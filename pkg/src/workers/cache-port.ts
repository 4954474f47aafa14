import type {
  CacheBackend,
  CachedFile,
  CacheEntry,
  CacheFacts,
  CacheOrigin,
  CacheWriter,
  UnfinishedFile,
} from '../common/cache-backend.js';
import { RerankError } from '../common/errors.js';
import { receivedCause, type SentCause, sentCause } from './causes.js';
import { Requests, take } from './rpc.js';

/** A request from a worker to the page's cache; `handle` names a file that an earlier call opened. */
type CacheCall =
  | { method: 'read' | 'resume' | 'delete'; key: string }
  | { method: 'write'; key: string; origin: CacheOrigin | undefined }
  | { method: 'list' }
  | { method: 'next' | 'cancel' | 'abort' | 'suspend'; handle: number }
  | { method: 'append'; handle: number; chunk: Uint8Array }
  | { method: 'commit'; handle: number; facts: CacheFacts };

interface Answer {
  id: number;
  value?: unknown;
  /** The cache's error, as far as it can be sent. */
  failure?: { cause: SentCause };
}

interface OpenedFile extends CacheFacts {
  handle: number;
}

interface ResumedFile extends CacheOrigin {
  size: number;
  /** Names the writer and its stream. */
  handle: number;
}

/**
 * Lets the other side of `port` use a cache of this side, until the other side closes the port.
 *
 * @returns a function that ends this: it abandons open files, and every later call fails
 */
export function serveCache(cache: CacheBackend, port: MessagePort): () => void {
  const readers = new Map<number, ReadableStreamDefaultReader<Uint8Array>>();
  const writers = new Map<number, CacheWriter>();
  let lastHandle = 0;
  let closed = false;

  async function answer(call: CacheCall): Promise<unknown> {
    if (closed) throw new DOMException('The load that uses this cache has ended.', 'AbortError');
    switch (call.method) {
      case 'read': {
        const file = await cache.read(call.key);
        if (!file) return undefined;
        lastHandle += 1;
        readers.set(lastHandle, file.stream.getReader());
        if (closed) await giveUp();
        return { handle: lastHandle, url: file.url, size: file.size, sha256: file.sha256 } satisfies OpenedFile;
      }
      case 'resume': {
        const file = await cache.resume?.(call.key);
        if (!file) return undefined;
        lastHandle += 1;
        readers.set(lastHandle, file.stream.getReader());
        writers.set(lastHandle, file.writer);
        if (closed) await giveUp();
        return { handle: lastHandle, url: file.url, version: file.version, size: file.size } satisfies ResumedFile;
      }
      case 'write': {
        const writer = await cache.write(call.key, call.origin);
        lastHandle += 1;
        writers.set(lastHandle, writer);
        if (closed) await giveUp();
        return lastHandle;
      }
      case 'delete':
        return cache.delete(call.key);
      case 'list':
        return cache.list();
      case 'next':
        return (await readers.get(call.handle)?.read())?.value;
      case 'cancel':
        return take(readers, call.handle)?.cancel();
      case 'append':
        return writers.get(call.handle)?.write(call.chunk);
      case 'commit':
        await writers.get(call.handle)?.commit(call.facts);
        writers.delete(call.handle);
        return undefined;
      case 'abort':
        return take(writers, call.handle)?.abort();
      case 'suspend':
        return suspend(take(writers, call.handle));
    }
  }

  async function giveUp(): Promise<void> {
    const ends = [...[...readers.values()].map((reader) => reader.cancel()), ...[...writers.values()].map(suspend)];
    readers.clear();
    writers.clear();
    // No caller is left that could receive a failure.
    await Promise.allSettled(ends);
  }

  port.onmessage = async ({ data: { id, call } }: MessageEvent<{ id: number; call: CacheCall }>) => {
    try {
      port.postMessage({ id, value: await answer(call) } satisfies Answer);
    } catch (error) {
      port.postMessage({ id, failure: { cause: sentCause(error) } } satisfies Answer);
    }
  };
  return () => {
    closed = true;
    void giveUp();
  };
}

async function suspend(writer: CacheWriter | undefined): Promise<void> {
  await (writer?.suspend ? writer.suspend() : writer?.abort());
}

/** Carries the error of the cache as its cause. */
class CacheError extends RerankError {
  constructor(cause: unknown) {
    super('internal', "The caller's cache failed.", { cause });
  }
}

/** A cache on the other side of a port. */
export class RemoteCache implements CacheBackend {
  readonly #port: MessagePort;
  readonly #requests = new Requests();

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data: { id, value, failure } }: MessageEvent<Answer>) => {
      const request = this.#requests.take(id);
      if (failure === undefined) request?.answer.resolve(value);
      else request?.answer.reject(new CacheError(receivedCause(failure.cause)));
    };
  }

  async read(key: string): Promise<CachedFile | undefined> {
    const opened = (await this.#ask({ method: 'read', key })) as OpenedFile | undefined;
    if (!opened) return undefined;
    const { handle, ...facts } = opened;
    return { ...facts, stream: this.#stream(handle) };
  }

  async resume(key: string): Promise<UnfinishedFile | undefined> {
    const resumed = (await this.#ask({ method: 'resume', key })) as ResumedFile | undefined;
    if (!resumed) return undefined;
    const { handle, ...facts } = resumed;
    return { ...facts, stream: this.#stream(handle), writer: this.#writer(handle) };
  }

  async write(key: string, origin?: CacheOrigin): Promise<CacheWriter> {
    return this.#writer((await this.#ask({ method: 'write', key, origin })) as number);
  }

  async delete(key: string): Promise<void> {
    await this.#ask({ method: 'delete', key });
  }

  async list(): Promise<CacheEntry[]> {
    return (await this.#ask({ method: 'list' })) as CacheEntry[];
  }

  /** Ends the use of the cache; call it once all calls have settled. */
  close(): void {
    this.#port.close();
  }

  #stream(handle: number): ReadableStream<Uint8Array> {
    const ask = (method: 'next' | 'cancel') => this.#ask({ method, handle });
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const chunk = (await ask('next')) as Uint8Array | undefined;
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      async cancel() {
        await ask('cancel');
      },
    });
  }

  #writer(handle: number): CacheWriter {
    const ask = async (call: CacheCall) => void (await this.#ask(call));
    return {
      write: (chunk) => ask({ method: 'append', handle, chunk }),
      commit: (facts) => ask({ method: 'commit', handle, facts }),
      abort: () => ask({ method: 'abort', handle }),
      suspend: () => ask({ method: 'suspend', handle }),
    };
  }

  async #ask(call: CacheCall): Promise<unknown> {
    try {
      return await this.#requests.ask({ watch: undefined, post: (id) => this.#port.postMessage({ id, call }) });
    } catch (error) {
      throw error instanceof CacheError ? error.cause : error;
    }
  }
}
