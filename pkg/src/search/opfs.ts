import { canWriteOpfs, find, isNamed, openForWriting } from '../cache/opfs-files.js';
import { RerankError, withReason } from '../common/errors.js';
import { fileNameOf, heldError, type SearchStore } from './store.js';

/** The folder with all indexes, beside that of the models. */
const folderName = 'rerank-wasm-search';

/** Opens an index as a folder of the origin's private file system. */
export async function openOpfs(name: string, directory: string | undefined): Promise<SearchStore> {
  if (directory !== undefined) {
    throw new RerankError('unsupported_environment', '`directory` needs Node, Deno or Bun; omit it here.');
  }
  if (!canWriteOpfs()) {
    throw new RerankError(
      'unsupported_environment',
      'No index can be kept here: there is no private file system that this page can write to. Omit `name`.',
    );
  }
  const folderOf = fileNameOf(name);
  const close = await lock(`${folderName}/${folderOf}`, name);
  try {
    return storeIn(await openFolder(folderOf), close);
  } catch (error) {
    await close();
    throw error;
  }
}

function storeIn(folder: FileSystemDirectoryHandle, close: () => Promise<void>): SearchStore {
  return {
    async list() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
    async read(name) {
      const file = await (await find(folder, name))?.getFile();
      return file && new Uint8Array(await file.arrayBuffer());
    },
    async write(name, parts) {
      const file = await openForWriting(await folder.getFileHandle(name, { create: true }));
      try {
        for (const part of parts) await file.write(part);
      } finally {
        await file.close();
      }
    },
    async remove(name) {
      try {
        await folder.removeEntry(name);
      } catch (error) {
        if (!isNamed(error, 'NotFoundError')) throw error;
      }
    },
    close,
  };
}

async function openFolder(name: string): Promise<FileSystemDirectoryHandle> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(folderName, { create: true });
    return await folder.getDirectoryHandle(name, { create: true });
  } catch (cause) {
    // A private window may refuse it.
    throw new RerankError('unsupported_environment', withReason('No index can be kept here', cause, 'omit `name`'), {
      cause,
    });
  }
}

/**
 * Keeps other tabs and workers of the origin out until the function that it returns is called, or this one ends.
 *
 * @throws `invalid_input` if another one is in
 */
function lock(key: string, name: string): Promise<() => Promise<void>> {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(async () => {});
  return new Promise((resolve, reject) => {
    const request = locks.request(key, { ifAvailable: true }, (held) => {
      if (!held) return reject(heldError(name, 'another tab or worker'));
      return new Promise<void>((release) => {
        resolve(async () => {
          release();
          await request;
        });
      });
    });
    // A frame with an opaque origin has the interface but neither locks nor files.
    request.catch(() => resolve(async () => {}));
  });
}
