import type { CachedFile, CacheEntry, CacheFacts, CacheWriter } from '../common/types.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';

/** The handle that dedicated workers have for writing in place. */
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

/** No download is silent for so long and goes on. */
const leftoverMilliseconds = 60 * 60 * 1000;

/** Facts are small and seldom replaced; to meet that again and again is another trouble. */
const readAttempts = 5;

/** True where the origin has a private file system. */
export function hasOpfs(): boolean {
  return typeof globalThis.navigator?.storage?.getDirectory === 'function';
}

/** True where this thread can also write to it; pages of older Safaris cannot. */
export function canWriteOpfs(): boolean {
  if (!hasOpfs() || typeof FileSystemFileHandle === 'undefined') return false;
  return (
    'createSyncAccessHandle' in FileSystemFileHandle.prototype || 'createWritable' in FileSystemFileHandle.prototype
  );
}

/**
 * A cache in the origin's private file system. A file is its bytes under a name of their own, and a small file with the
 * facts, which is written last: what it does not name is not there.
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

/** A file that is written from its beginning, in the place of what it had. */
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
  // What the file had before would stay behind what is shorter.
  access.truncate(0);
  let size = 0;
  return {
    async write(chunk) {
      for (let start = 0; start < chunk.length; ) {
        const written = access.write(chunk.subarray(start), { at: size });
        if (written === 0) throw new DOMException('there is no room for more', 'QuotaExceededError');
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
      // Another tab has put a new file in the place of this one.
      const replaced = isNamed(error, 'NotReadableError') || isNamed(error, 'NotFoundError');
      if (!replaced || attempt === readAttempts) throw error;
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
 * Removes the bytes that no facts belong to, left by tabs that were closed. Those of another key may be of a tab that is
 * just about to write its facts, so they have to be old. A file that is being written refuses.
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
    // Somebody is at it.
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
