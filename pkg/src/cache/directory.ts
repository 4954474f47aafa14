import { randomUUID } from 'node:crypto';
import { fsync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CachedFile, CacheEntry, CacheFacts, CacheWriter } from '../common/cache-backend.js';
import { Held } from '../common/held.js';
import { idOf, parseEntry } from './entry.js';
import type { ManagedCache } from './managed.js';

const readBytes = 1 << 20;

/** A partial file of another machine that did not change for this long is a leftover: downloads end sooner. */
const leftoverMilliseconds = 60 * 60 * 1000;

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
 */
export class DirectoryCache extends Held implements ManagedCache {
  readonly #path: string;

  constructor(path: string) {
    super();
    this.#path = path;
  }

  async read(key: string): Promise<CachedFile | undefined> {
    const { bytes, facts } = pathsOf(this.#path, key);
    const entry = await readEntry(facts);
    const file = entry && (await unlessMissing(open(bytes)));
    if (!entry || !file) return undefined;
    const { url, size, sha256 } = entry;
    return { url, size, sha256, stream: streamOf(file) };
  }

  async write(key: string): Promise<CacheWriter> {
    await mkdir(this.#path, { recursive: true });
    await this.#removeLeftovers();
    return new DirectoryWriter(key, pathsOf(this.#path, key), await PartialFile.create(this.#path));
  }

  async delete(key: string): Promise<void> {
    const { bytes, facts } = pathsOf(this.#path, key);
    await rm(facts, { force: true });
    await rm(bytes, { force: true });
  }

  async clear(): Promise<void> {
    for (const name of (await unlessMissing(readdir(this.#path))) ?? []) {
      if (/^[0-9a-f-]+\.(bin|json|part)$/.test(name)) await rm(join(this.#path, name), { force: true });
    }
  }

  async list(): Promise<CacheEntry[]> {
    const names = (await unlessMissing(readdir(this.#path))) ?? [];
    const facts = names.filter((name) => name.endsWith('.json')).sort();
    const entries = await Promise.all(facts.map((name) => readEntry(join(this.#path, name))));
    return entries.filter((entry) => entry !== undefined);
  }

  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.#path)) {
      const path = join(this.#path, name);
      if (name.endsWith('.part') && (await isLeftover(path, name))) await rm(path, { force: true });
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
    const file = await PartialFile.create(join(facts, '..'));
    try {
      await file.write(new TextEncoder().encode(`${JSON.stringify(entry)}\n`));
      await file.moveTo(facts);
    } catch (error) {
      await file.remove();
      throw error;
    }
  }

  abort(): Promise<void> {
    return this.#file.remove();
  }
}

/** A file under a unique name until it is complete. */
class PartialFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(directory: string): Promise<PartialFile> {
    const path = join(directory, `${thisMachine()}-${process.pid}-${randomUUID()}.part`);
    return new PartialFile(path, await open(path, 'wx'));
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let start = 0; start < chunk.length; ) {
      start += (await this.#handle.write(chunk, start, chunk.length - start, null)).bytesWritten;
    }
  }

  async moveTo(path: string): Promise<void> {
    // The handles of Yarn Plug'n'Play have no `sync`.
    await promisify(fsync)(this.#handle.fd);
    await this.#handle.close();
    await rename(this.#path, path);
  }

  async remove(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true });
  }
}

function thisMachine(): string {
  return idOf(hostname()).slice(0, 8);
}

/** True if no process writes to the partial file any more. */
async function isLeftover(path: string, name: string): Promise<boolean> {
  const [machine, process] = name.split('-');
  if (machine === thisMachine()) return !isRunning(Number(process));
  const facts = await unlessMissing(stat(path));
  return facts !== undefined && Date.now() - facts.mtimeMs > leftoverMilliseconds;
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function streamOf(file: FileHandle): ReadableStream<Uint8Array> {
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
async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
