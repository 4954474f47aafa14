import type {
  CachedFile,
  CacheEntry,
  CacheFacts,
  CacheOrigin,
  CacheWriter,
  ClearedCache,
  UnfinishedFile,
} from '../common/cache-backend.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';
import { type FileHandle, find, isNamed, openForWriting, type Sink } from './opfs-files.js';
import {
  BlockSums,
  blockBytes,
  journalHead,
  journalText,
  keptMilliseconds,
  longestOf,
  parseJournal,
  soundPart,
  streamOf,
} from './unfinished.js';

interface StoredEntry extends CacheEntry {
  /** Name of the file with the bytes. */
  body: string;
}

const folderName = 'rerank-wasm';

/** A file that did not change for this long is a leftover: downloads end sooner. */
const leftoverMilliseconds = 60 * 60 * 1000;

/** Facts are small and seldom replaced. More failures than this, a quarter of a second in all, have another cause. */
const readAttempts = 8;

/** Another tab removes a file that was just created at most a few times in a row. */
const openAttempts = 4;

/**
 * A cache in the origin's private file system. Each entry is a file with the bytes under a unique name, and a small
 * file with the facts. The facts are written last, and only bytes that they name count. Until then a journal beside the
 * bytes has their checksums, so that another tab can complete them.
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

  async write(key: string, origin?: CacheOrigin): Promise<CacheWriter> {
    const folder = await openFolder();
    await removeLeftovers(folder, key);
    const writer = await OpfsWriter.open(folder, key, `${idOf(key)}-${crypto.randomUUID()}.bin`);
    if (origin) await writer.begin(journalHead(origin));
    return writer;
  }

  async resume(key: string): Promise<UnfinishedFile | undefined> {
    const folder = await openFolder();
    return longestOf(await unfinishedNames(folder, key), (name) => OpfsWriter.resume(folder, key, name));
  }

  async delete(key: string): Promise<void> {
    const folder = await openFolder();
    const name = `${idOf(key)}.json`;
    const entry = await readEntry(folder, name);
    await remove(folder, name);
    if (entry) await remove(folder, entry.body);
  }

  async clear(): Promise<ClearedCache> {
    const folder = await openFolder();
    const cleared = { files: 0, bytes: 0 };
    for await (const name of folder.keys()) {
      const size = name.endsWith('.bin') ? await sizeOf(folder, name) : undefined;
      if (!(await remove(folder, name)) || size === undefined) continue;
      cleared.files += 1;
      cleared.bytes += size;
    }
    return cleared;
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
  readonly #sums = new BlockSums();
  #journal: Sink | undefined;

  private constructor(folder: FileSystemDirectoryHandle, key: string, body: string, file: Sink) {
    this.#folder = folder;
    this.#key = key;
    this.#body = body;
    this.#file = file;
  }

  /** Opens the file of this name; it may be new. */
  static async open(folder: FileSystemDirectoryHandle, key: string, body: string): Promise<OpfsWriter> {
    return new OpfsWriter(folder, key, body, await openNamed(folder, body, true));
  }

  /** Opens a file of an earlier tab; undefined if none of its bytes are sound. It throws if another tab has it open. */
  static async resume(
    folder: FileSystemDirectoryHandle,
    key: string,
    body: string,
  ): Promise<UnfinishedFile | undefined> {
    const journal = parseJournal((await readText(folder, journalOf(body))) ?? '');
    // Another tab may just have begun this file.
    if (!journal) return undefined;
    const writer = await OpfsWriter.open(folder, key, body);
    try {
      const { read } = writer.#file;
      const sound = await soundPart(journal, read);
      if (sound.size > 0) {
        const { origin, size } = sound;
        await writer.#file.cut(size);
        await writer.begin(journalText(sound));
        return { ...origin, size, stream: streamOf(size, read), writer };
      }
    } catch {
      // It cannot be read, and nothing depends on it.
    }
    await writer.abort();
    return undefined;
  }

  /** Begins the journal, or replaces one that says more than is true. */
  async begin(text: string): Promise<void> {
    try {
      this.#journal = await openNamed(this.#folder, journalOf(this.#body));
      await this.#journal.write(new TextEncoder().encode(text));
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#file.write(chunk);
    const lines = this.#journal && this.#sums.linesOf(chunk);
    if (lines) await this.#journal?.write(new TextEncoder().encode(lines));
  }

  async commit({ url, size, sha256 }: CacheFacts): Promise<void> {
    await this.#close();
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
    await remove(this.#folder, journalOf(this.#body));
  }

  async abort(): Promise<void> {
    await this.#close().catch(() => {});
    await remove(this.#folder, this.#body);
    await remove(this.#folder, journalOf(this.#body));
  }

  async suspend(): Promise<void> {
    if (!this.#journal || this.#file.size < blockBytes) return this.abort();
    await this.#close();
  }

  async #close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      await this.#journal?.close();
    }
  }
}

/** Opens the file of this name for writing; it may be new. */
async function openNamed(folder: FileSystemDirectoryHandle, name: string, keep = false): Promise<Sink> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openForWriting(await folder.getFileHandle(name, { create: true }), keep);
    } catch (error) {
      // Another tab took the empty file for one that a closed tab left, and removed it.
      if (!isNamed(error, 'NotFoundError') || attempt === openAttempts) throw error;
    }
  }
}

async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
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

/** Returns the names of this key's files that have a journal and no facts. */
async function unfinishedNames(folder: FileSystemDirectoryHandle, key: string): Promise<string[]> {
  const names: string[] = [];
  const own = new Set<string>();
  for await (const name of folder.keys()) if (name.startsWith(`${idOf(key)}-`)) own.add(name);
  if (own.size === 0) return names;
  const finished = (await readEntry(folder, `${idOf(key)}.json`))?.body;
  for (const name of own) if (own.has(journalOf(name)) && name.endsWith('.bin') && name !== finished) names.push(name);
  return names;
}

/** Returns the name of the journal of a file. */
function journalOf(body: string): string {
  return body.replace(/bin$/, 'blocks');
}

/**
 * Removes bytes without facts, which closed tabs left. Another tab may be about to write the facts of another key, so
 * the bytes of another key must be old. A file that a tab is writing refuses its removal.
 */
async function removeLeftovers(folder: FileSystemDirectoryHandle, key: string): Promise<void> {
  const bodies = new Set((await readEntries(folder)).map(({ body }) => body));
  const handles = new Map<string, FileSystemHandle>();
  for await (const [name, handle] of folder.entries()) handles.set(name, handle);
  for (const [name, handle] of handles) {
    if (handle.kind !== 'file' || name.endsWith('.json') || bodies.has(name)) continue;
    const limit = handles.has(journalOf(name)) ? keptMilliseconds : leftoverMilliseconds;
    if (name.startsWith(idOf(key)) || (await isOlder(handle as FileHandle, limit))) await remove(folder, name);
  }
}

async function isOlder(handle: FileHandle, milliseconds: number): Promise<boolean> {
  try {
    return Date.now() - (await handle.getFile()).lastModified > milliseconds;
  } catch {
    // Another tab uses it.
    return false;
  }
}

async function sizeOf(folder: FileSystemDirectoryHandle, name: string): Promise<number | undefined> {
  return (await (await find(folder, name))?.getFile())?.size;
}

/** Removes a file; returns false if it stays, because a tab is writing it. */
async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.removeEntry(name);
  } catch (error) {
    if (isNamed(error, 'NoModificationAllowedError')) return false;
    if (!isNamed(error, 'NotFoundError')) throw error;
  }
  return true;
}
