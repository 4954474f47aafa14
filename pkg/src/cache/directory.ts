import { randomUUID } from 'node:crypto';
import { fsync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type {
  CachedFile,
  CacheEntry,
  CacheFacts,
  CacheOrigin,
  CacheWriter,
  ClearedCache,
  UnfinishedFile,
} from '../common/cache-backend.js';
import { invalidValue } from '../common/check.js';
import { Held } from '../common/held.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';
import {
  BlockSums,
  blockBytes,
  journalHead,
  journalText,
  keptMilliseconds,
  longestOf,
  parseJournal,
  type ReadAt,
  soundPart,
  streamOf,
} from './unfinished.js';

const readBytes = 1 << 20;

/** A partial file of another machine that did not change for this long has no process any more. */
const idleMilliseconds = 60 * 60 * 1000;

/** A process that writes a file changes it more often than this. */
const writingMilliseconds = 60 * 1000;

/** When this process started, in seconds: a later process may have the same number, as in a container that starts again. */
const processStart = Math.round(Date.now() / 1000 - process.uptime());

/**
 * Returns the default directory for model files: `models` below `RERANK_WASM_CACHE`. Without that variable it is below
 * `rerank-wasm` in the user's directory for caches: `XDG_CACHE_HOME`, else `~/.cache`, `~/Library/Caches` (macOS) or
 * `LOCALAPPDATA` (Windows).
 */
export function defaultDirectory({ env, platform } = process): string {
  return join(env.RERANK_WASM_CACHE || join(userCaches(env, platform), 'rerank-wasm'), 'models');
}

function userCaches(env: NodeJS.ProcessEnv, platform: string): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  if (platform === 'win32' && env.LOCALAPPDATA) return env.LOCALAPPDATA;
  // Deno asks for a permission before it runs `homedir`.
  const home = env.HOME || homedir();
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}

/**
 * A cache in a directory, which several processes may share. Each entry is a file with the bytes and a small file with
 * the facts. Both move into place when they are complete and on the disk.
 *
 * Until then a file has a unique name that says which process writes it. A journal beside it has its checksums, so that
 * another process can complete it when this one has ended.
 */
export class DirectoryCache extends Held implements ManagedCache {
  readonly #path: string;

  /** @throws `invalid_input` */
  constructor(path: string) {
    super();
    if (typeof path !== 'string' || path === '') throw invalidValue('path', 'the path of a directory', path);
    this.#path = path;
  }

  async read(key: string): Promise<CachedFile | undefined> {
    const { bytes, facts } = pathsOf(this.#path, key);
    const entry = await readEntry(facts);
    const file = entry && (await unlessMissing(open(bytes)));
    if (!entry || !file) return undefined;
    const { url, size, sha256 } = entry;
    return { url, size, sha256, stream: wholeStream(file) };
  }

  async write(key: string, origin?: CacheOrigin): Promise<CacheWriter> {
    await mkdir(this.#path, { recursive: true });
    await this.#removeLeftovers(key);
    return new DirectoryWriter(key, pathsOf(this.#path, key), await PartialFile.create(this.#path, { key, origin }));
  }

  async resume(key: string): Promise<UnfinishedFile | undefined> {
    const names = (await this.#names()).filter((name) => name.endsWith(`-${idOf(key)}.part`));
    return longestOf(names, async (name) => {
      const found = await PartialFile.claim(this.#path, name);
      if (!found) return undefined;
      const { file, size, origin } = found;
      const writer = new DirectoryWriter(key, pathsOf(this.#path, key), file);
      return { ...origin, size, stream: streamOf(size, file.read), writer };
    });
  }

  async delete(key: string): Promise<void> {
    const { bytes, facts } = pathsOf(this.#path, key);
    await rm(facts, { force: true });
    await rm(bytes, { force: true });
  }

  async clear(): Promise<ClearedCache> {
    const cleared = { files: 0, bytes: 0 };
    for (const name of await this.#names()) {
      if (!/^[0-9a-f-]+\.(bin|json|part|blocks)$/.test(name)) continue;
      const path = join(this.#path, name);
      const size = /\.(bin|part)$/.test(name) ? (await unlessMissing(stat(path)))?.size : undefined;
      await rm(path, { force: true });
      if (size === undefined) continue;
      cleared.files += 1;
      cleared.bytes += size;
    }
    return cleared;
  }

  async list(): Promise<CacheEntry[]> {
    const facts = (await this.#names()).filter((name) => name.endsWith('.json')).sort();
    const entries = await Promise.all(facts.map((name) => readEntry(join(this.#path, name))));
    return entries.filter((entry) => entry !== undefined);
  }

  async #names(): Promise<string[]> {
    return (await unlessMissing(readdir(this.#path))) ?? [];
  }

  /** Removes what no process writes to any more, unless another start may complete it. */
  async #removeLeftovers(key: string): Promise<void> {
    const names = new Set(await this.#names());
    const stems = new Set<string>();
    for (const name of names) {
      if (!name.endsWith('.part')) continue;
      const path = join(this.#path, name);
      const isUseful = names.has(journalOf(name)) && !name.endsWith(`-${idOf(key)}.part`) && (await hasBlock(path));
      const isLeftover = isUseful ? await isOlder(path, keptMilliseconds) : await isAbandoned(path);
      if (!isLeftover) stems.add(journalOf(name));
      else for (const leftover of [path, journalOf(path)]) await rm(leftover, { force: true });
    }
    for (const name of names) {
      if (!name.endsWith('.blocks') || stems.has(name)) continue;
      const path = join(this.#path, name);
      // A process may be about to begin or to end its file.
      if (await isOlder(path, idleMilliseconds)) await rm(path, { force: true });
    }
  }
}

interface Paths {
  bytes: string;
  facts: string;
}

function pathsOf(directory: string, key: string): Paths {
  const path = join(directory, idOf(key));
  return { bytes: `${path}.bin`, facts: `${path}.json` };
}

class DirectoryWriter extends Held implements CacheWriter {
  readonly #key: string;
  readonly #paths: Paths;
  readonly #file: PartialFile;

  constructor(key: string, paths: Paths, file: PartialFile) {
    super();
    this.#key = key;
    this.#paths = paths;
    this.#file = file;
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#file.write(chunk);
  }

  async commit({ url, size, sha256 }: CacheFacts): Promise<void> {
    const { bytes, facts } = this.#paths;
    // Facts must never stand beside the bytes of another version.
    await rm(facts, { force: true });
    await this.#file.moveTo(bytes);
    const entry: CacheEntry = { key: this.#key, url, size, sha256 };
    await writeWhole(facts, [new TextEncoder().encode(`${JSON.stringify(entry)}\n`)]);
  }

  abort(): Promise<void> {
    return this.#file.remove();
  }

  suspend(): Promise<void> {
    return this.#file.leave();
  }
}

/** A file that another process began, opened to be completed. */
interface ResumedFile {
  file: PartialFile;
  size: number;
  origin: CacheOrigin;
}

/** A file under a unique name until it is complete. */
class PartialFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #sums = new BlockSums();
  #journal: FileHandle | undefined;
  #size = 0;
  #journalSize = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** With the origin of its bytes, another process may complete the file. */
  static async create(
    directory: string,
    { key = '', origin }: { key?: string; origin?: CacheOrigin | undefined } = {},
  ): Promise<PartialFile> {
    const path = join(directory, `${thisProcess()}-${randomUUID()}${key && `-${idOf(key)}`}.part`);
    const file = new PartialFile(path, await open(path, 'wx'));
    try {
      if (origin) await file.#begin(journalHead(origin), 'wx');
    } catch (error) {
      await file.remove();
      throw error;
    }
    return file;
  }

  /**
   * Opens the file of this name if no process writes to it; undefined if one does, or if none of its bytes are sound. Of
   * several processes one alone can give the file its own name.
   */
  static async claim(directory: string, name: string): Promise<ResumedFile | undefined> {
    const found = join(directory, name);
    if (!(await isAbandoned(found))) return undefined;
    const path = join(directory, `${thisProcess()}-${stemOf(name)}.part`);
    await rename(found, path);
    const file = new PartialFile(path, await open(path, 'r+'));
    try {
      const journal = parseJournal((await unlessMissing(readFile(journalOf(path), 'utf8'))) ?? '');
      const sound = journal && (await soundPart(journal, file.read));
      if (sound && sound.size > 0) {
        await file.#cut(sound.size);
        await file.#begin(journalText(sound), 'r+');
        return { file, size: sound.size, origin: sound.origin };
      }
    } catch {
      // It cannot be read, and nothing depends on it.
    }
    await file.remove();
    return undefined;
  }

  readonly read: ReadAt = (buffer, position) => readAt(this.#handle, buffer, position);

  async write(chunk: Uint8Array): Promise<void> {
    this.#size += await writeAt(this.#handle, chunk, this.#size);
    const lines = this.#journal && this.#sums.linesOf(chunk);
    if (lines) await this.#note(lines);
  }

  async #cut(size: number): Promise<void> {
    await this.#handle.truncate(size);
    this.#size = size;
  }

  /** Begins the journal; an earlier one loses what is not in the text. */
  async #begin(text: string, flags: 'wx' | 'r+'): Promise<void> {
    this.#journal = await open(journalOf(this.#path), flags);
    await this.#note(text);
    await this.#journal.truncate(this.#journalSize);
  }

  async moveTo(path: string): Promise<void> {
    // The handles of Yarn Plug'n'Play have no `sync`.
    await promisify(fsync)(this.#handle.fd);
    await this.#close();
    await rename(this.#path, path);
    await rm(journalOf(this.#path), { force: true });
  }

  async remove(): Promise<void> {
    await this.#close().catch(() => {});
    await rm(this.#path, { force: true });
    await rm(journalOf(this.#path), { force: true });
  }

  /** Leaves the file to any process, if it has what is worth it. */
  async leave(): Promise<void> {
    if (!this.#journal || this.#size < blockBytes) return this.remove();
    await this.#close();
    await rename(this.#path, join(dirname(this.#path), `${noProcess()}-${stemOf(basename(this.#path))}.part`));
  }

  async #note(lines: string): Promise<void> {
    if (!this.#journal) return;
    this.#journalSize += await writeAt(this.#journal, new TextEncoder().encode(lines), this.#journalSize);
  }

  async #close(): Promise<void> {
    await this.#handle.close();
    await this.#journal?.close();
  }
}

/** Writes a file that appears when it is complete and on the disk. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await PartialFile.create(dirname(path));
  try {
    for (const part of parts) await file.write(part);
    await file.moveTo(path);
  } catch (error) {
    await file.remove();
    throw error;
  }
}

/** Names of partial files have the machine, the process, its start, and a stem that stays. */
const partName = /^([0-9a-f]+)-(\d+)-([0-9a-f]+)-(.+)\.part$/;

/** Names this process: the machine, its number and its start. */
export function thisProcess(): string {
  return `${thisMachine()}-${process.pid}-${processStart.toString(16)}`;
}

/** Stands in place of a process in the names of files that were left. */
function noProcess(): string {
  return `${thisMachine()}-0-0`;
}

function thisMachine(): string {
  return idOf(hostname()).slice(0, 8);
}

function stemOf(name: string): string {
  return partName.exec(name)?.[4] ?? '';
}

/** Returns the path of the journal of a partial file. It stays if another process takes the file. */
function journalOf(path: string): string {
  return join(dirname(path), `${stemOf(basename(path))}.blocks`);
}

/** True if no process writes to the partial file any more. */
async function isAbandoned(path: string): Promise<boolean> {
  const [, machine, id, start = ''] = partName.exec(basename(path)) ?? [];
  if (id === '0') return true;
  if (machine !== thisMachine()) return isOlder(path, idleMilliseconds);
  if (Number(id) !== process.pid) return !isRunning(Number(id));
  // In another container, a process that runs may have the same number.
  return !isOwnStart(start) && isOlder(path, writingMilliseconds);
}

/** Tells whether the process of a name that {@link thisProcess} begins runs. One of another machine counts as running. */
export function stillRuns(name: string): boolean {
  const [machine, id, start = ''] = name.split('-');
  if (machine !== thisMachine()) return true;
  if (Number(id) !== process.pid) return isRunning(Number(id));
  return isOwnStart(start);
}

/** Threads of one process may differ by a second in what they compute, and by more if the clock was set between. */
function isOwnStart(start: string): boolean {
  return Math.abs(Number.parseInt(start, 16) - processStart) <= 2;
}

async function hasBlock(path: string): Promise<boolean> {
  return ((await unlessMissing(stat(path)))?.size ?? 0) >= blockBytes;
}

async function isOlder(path: string, milliseconds: number): Promise<boolean> {
  const facts = await unlessMissing(stat(path));
  return facts !== undefined && Date.now() - facts.mtimeMs > milliseconds;
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function readAt(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  return (await file.read(buffer, 0, buffer.length, position)).bytesRead;
}

/** Writes all bytes; returns how many. */
async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  return done;
}

function wholeStream(file: FileHandle): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const buffer = new Uint8Array(readBytes);
        const { bytesRead } = await file.read(buffer, 0, readBytes, null);
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  });
}

async function readEntry(path: string): Promise<CacheEntry | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  return text === undefined ? undefined : parseEntry(text);
}

/** Awaits the promise; undefined if it fails because a file is missing. */
export async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
