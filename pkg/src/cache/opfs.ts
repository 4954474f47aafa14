import type { CachedFile, CacheEntry, CacheFacts, CacheWriter } from '../common/cache-backend.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';

/** Writes in place; dedicated workers have it. */
interface SyncAccessHandle {
  truncate(size: number): void;
  write(chunk: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

interface FileHandle extends FileSystemFileHandle {
  createSyncAccessHandle?: () => Promise<SyncAccessHandle>;
}

interface StoredEntry extends CacheEntry {
  /** Name of the file with the bytes. */
  body: string;
}

const folderName = 'rerank-wasm';

/** A file that did not change for this long is a leftover: downloads end sooner. */
const leftoverMilliseconds = 60 * 60 * 1000;

/** Facts are small and seldom replaced. More failures than this, a quarter of a second in all, have another cause. */
const readAttempts = 8;

/** True if the origin has a private file system. */
export function hasOpfs(): boolean {
  return typeof globalThis.navigator?.storage?.getDirectory === 'function';
}

/** True if this thread can also write to it; pages of older Safaris cannot. */
export function canWriteOpfs(): boolean {
  if (!hasOpfs() || typeof FileSystemFileHandle === 'undefined') return false;
  return (
    'createSyncAccessHandle' in FileSystemFileHandle.prototype || 'createWritable' in FileSystemFileHandle.prototype
  );
}

/**
 * A cache in the origin's private file system. Each entry is a file with the bytes under a unique name, and a small
 * file with the facts. The facts are written last, and only bytes that they name count.
 */
export class OpfsCache implements ManagedCache {
  async read(key: string): Promise<CachedFile | undefined> {
    const folder = await openFolder();
    const entry = await readEntry(folder, `${idOf(key)}.json`);
    const body = entry && (await find(folder, entry.body));
    if (!entry || !body) return undefined;
    const { url, size, sha256 } = entry;
    return { url, size, sha256, stream: (await body.getFile()).stream() };
  }

  async write(key: string): Promise<CacheWriter> {
    const folder = await openFolder();
    await removeLeftovers(folder, key);
    const body = `${idOf(key)}-${crypto.randomUUID()}.bin`;
    return new OpfsWriter(folder, key, body, await openForWriting(await folder.getFileHandle(body, { create: true })));
  }

  async delete(key: string): Promise<void> {
    const folder = await openFolder();
    const name = `${idOf(key)}.json`;
    const entry = await readEntry(folder, name);
    await remove(folder, name);
    if (entry) await remove(folder, entry.body);
  }

  async clear(): Promise<void> {
    const folder = await openFolder();
    for await (const name of folder.keys()) await remove(folder, name);
  }

  async list(): Promise<CacheEntry[]> {
    const entries = await readEntries(await openFolder());
    return entries.map(({ key, url, size, sha256 }) => ({ key, url, size, sha256 }));
  }
}

class OpfsWriter implements CacheWriter {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #key: string;
  readonly #body: string;
  readonly #file: Sink;

  constructor(folder: FileSystemDirectoryHandle, key: string, body: string, file: Sink) {
    this.#folder = folder;
    this.#key = key;
    this.#body = body;
    this.#file = file;
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#file.write(chunk);
  }

  async commit({ url, size, sha256 }: CacheFacts): Promise<void> {
    await this.#file.close();
    const name = `${idOf(this.#key)}.json`;
    const previous = await readEntry(this.#folder, name);
    const entry: StoredEntry = { key: this.#key, url, size, sha256, body: this.#body };
    const facts = await openForWriting(await this.#folder.getFileHandle(name, { create: true }));
    try {
      await facts.write(new TextEncoder().encode(JSON.stringify(entry)));
      await facts.close();
    } catch (error) {
      await facts.close().catch(() => {});
      await remove(this.#folder, name);
      throw error;
    }
    if (previous) await remove(this.#folder, previous.body);
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => {});
    await remove(this.#folder, this.#body);
  }
}

/** Writes a file from its beginning and replaces its content. */
interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

async function openForWriting(handle: FileHandle): Promise<Sink> {
  if (!handle.createSyncAccessHandle) {
    const stream = await handle.createWritable();
    return {
      write: (chunk) => stream.write(chunk as Uint8Array<ArrayBuffer>),
      close: () => stream.close(),
    };
  }
  const access = await handle.createSyncAccessHandle();
  // The end of a longer, earlier content would stay.
  access.truncate(0);
  let size = 0;
  return {
    async write(chunk) {
      for (let start = 0; start < chunk.length; ) {
        const written = access.write(chunk.subarray(start), { at: size });
        if (written === 0) throw new DOMException('The origin has no room left.', 'QuotaExceededError');
        start += written;
        size += written;
      }
    },
    async close() {
      try {
        access.flush();
      } finally {
        access.close();
      }
    },
  };
}

async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

async function find(folder: FileSystemDirectoryHandle, name: string): Promise<FileHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

async function readEntry(folder: FileSystemDirectoryHandle, name: string): Promise<StoredEntry | undefined> {
  const text = await readText(folder, name);
  const entry = text === undefined ? undefined : parseEntry(text);
  return entry && 'body' in entry && typeof entry.body === 'string' ? { ...entry, body: entry.body } : undefined;
}

async function readText(folder: FileSystemDirectoryHandle, name: string): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const handle = await find(folder, name);
    try {
      return await (await handle?.getFile())?.text();
    } catch (error) {
      // Another tab replaced this file.
      const replaced = isNamed(error, 'NotReadableError') || isNamed(error, 'NotFoundError');
      if (!replaced || attempt === readAttempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** attempt));
    }
  }
}

async function readEntries(folder: FileSystemDirectoryHandle): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const name of folder.keys()) {
    const entry = name.endsWith('.json') ? await readEntry(folder, name) : undefined;
    if (entry) entries.push(entry);
  }
  return entries;
}

/**
 * Removes bytes without facts, which closed tabs left. Another tab may be about to write the facts of another key, so
 * the bytes of another key must be old. A file that a tab is writing refuses its removal.
 */
async function removeLeftovers(folder: FileSystemDirectoryHandle, key: string): Promise<void> {
  const bodies = new Set((await readEntries(folder)).map(({ body }) => body));
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind !== 'file' || name.endsWith('.json') || bodies.has(name)) continue;
    if (name.startsWith(idOf(key)) || (await isOld(handle as FileHandle))) await remove(folder, name);
  }
}

async function isOld(handle: FileHandle): Promise<boolean> {
  try {
    return Date.now() - (await handle.getFile()).lastModified > leftoverMilliseconds;
  } catch {
    // Another tab uses it.
    return false;
  }
}

async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name);
  } catch (error) {
    if (!isNamed(error, 'NotFoundError') && !isNamed(error, 'NoModificationAllowedError')) throw error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
