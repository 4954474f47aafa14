import type { ReadAt } from './unfinished.js';

/** Writes in place; dedicated workers have it. */
interface SyncAccessHandle {
  getSize(): number;
  truncate(size: number): void;
  read(buffer: Uint8Array, options: { at: number }): number;
  write(chunk: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

export interface FileHandle extends FileSystemFileHandle {
  createSyncAccessHandle?: () => Promise<SyncAccessHandle>;
}

/** A file that is open for writing at its end. */
export interface Sink {
  readonly size: number;
  read: ReadAt;
  write(chunk: Uint8Array): Promise<void>;
  /** Drops what follows. */
  cut(size: number): Promise<void>;
  close(): Promise<void>;
}

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

/** Opens a file for writing from its beginning, or with `keep` at its end. */
export async function openForWriting(handle: FileHandle, keep = false): Promise<Sink> {
  const sink = await (handle.createSyncAccessHandle ? openInPlace(handle) : openCopy(handle, keep));
  // The end of a longer, earlier content would stay.
  if (!keep) await sink.cut(0);
  return sink;
}

async function openInPlace(handle: FileHandle): Promise<Sink> {
  const access = (await handle.createSyncAccessHandle?.()) as SyncAccessHandle;
  let size = access.getSize();
  return {
    get size() {
      return size;
    },
    read: (buffer, at) => access.read(buffer, { at }),
    async write(chunk) {
      for (let start = 0; start < chunk.length; ) {
        const written = access.write(chunk.subarray(start), { at: size });
        if (written === 0) throw new DOMException('The origin has no room left.', 'QuotaExceededError');
        start += written;
        size += written;
      }
    },
    async cut(length) {
      access.truncate(length);
      size = length;
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

/** Writes a copy of the file, which takes its place when it is closed. */
async function openCopy(handle: FileHandle, keepExistingData: boolean): Promise<Sink> {
  const file = keepExistingData ? await handle.getFile() : new Blob();
  const stream = await handle.createWritable({ keepExistingData });
  let { size } = file;
  await stream.seek(size);
  return {
    get size() {
      return size;
    },
    async read(buffer, at) {
      const bytes = new Uint8Array(await file.slice(at, at + buffer.length).arrayBuffer());
      buffer.set(bytes);
      return bytes.length;
    },
    async write(chunk) {
      await stream.write(chunk as Uint8Array<ArrayBuffer>);
      size += chunk.length;
    },
    async cut(length) {
      await stream.truncate(length);
      await stream.seek(length);
      size = length;
    },
    close: () => stream.close(),
  };
}

/** Returns the file of this name, if there is one. */
export async function find(folder: FileSystemDirectoryHandle, name: string): Promise<FileHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

/** True for the failure of this name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
