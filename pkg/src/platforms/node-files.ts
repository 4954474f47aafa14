import { statSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RerankError, throwIfAborted, withReason } from '../common/errors.js';
import { engineUrl } from '../engine-urls.js';
import type {
  LocalBundle,
  LocalFile,
  LocalFiles,
  ModelDirectory,
  NothingLocal,
  OpenFile,
} from '../files/local-files.js';

/** Node's file system. */
export const localFiles: LocalFiles = { exists, urlOf, open: openLocal, findModel };

/** Compiles the engine from the package's directory. */
export async function readEngine(): Promise<WebAssembly.Module> {
  return compileFile(engineUrl());
}

/** @throws `model_not_found` if the file is missing, and the errors of WebAssembly */
export async function compileFile(url: URL): Promise<WebAssembly.Module> {
  const path = fileURLToPath(url);
  const bytes = await readFile(path).catch((cause) => {
    throw unreadable(cause, path);
  });
  return WebAssembly.compile(bytes);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function urlOf(path: string): URL {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return pathToFileURL(isDirectory ? `${path}/` : path);
}

async function openLocal(url: URL, signal: AbortSignal | undefined): Promise<OpenFile> {
  throwIfAborted(signal);
  const path = pathOf(url);
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    return { size, exact: true, chunks: chunksOf(file, path), close: () => void file?.close() };
  } catch (cause) {
    await file?.close().catch(() => {});
    throw unreadable(cause, path);
  }
}

/** Yields the file in pieces. Each piece is valid until the next one is requested, because they share a buffer. */
async function* chunksOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(1 << 20);
  try {
    for (;;) {
      // Yarn Plug'n'Play reads nothing if it receives the buffer alone.
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (cause) {
    throw unreadable(cause, path);
  }
}

async function findModel(
  path: string | URL,
  folders: readonly string[],
): Promise<ModelDirectory | LocalBundle | NothingLocal> {
  const root = typeof path === 'string' ? path : pathOf(path);
  const found = await stat(root).catch(() => undefined);
  if (found?.isFile()) return { bundle: pathToFileURL(root) };
  if (!found?.isDirectory()) return { missing: root };
  const files = await Promise.all(folders.map((folder) => listFolder(root, folder)));
  return { root: pathToFileURL(root), path: root, files: files.flat() };
}

/** Lists the files of a folder; none if it does not exist. */
async function listFolder(root: string, folder: string): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const name of await namesIn(join(root, folder))) {
    const found = await stat(join(root, folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push({ path: folder + name, size: found.size });
  }
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new RerankError('download_failed', withReason(`The directory ${folder} cannot be read`, cause), { cause });
  }
}

/** @throws `invalid_input` for a URL that no local file can have: with a host, or with a slash written as `%2F` */
function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new RerankError('invalid_input', withReason(`${url} is not the URL of a local file`, cause), { cause });
  }
}

function unreadable(cause: unknown, path: string): RerankError {
  const message = withReason(`The file ${path} cannot be read`, cause);
  return new RerankError(isMissing(cause) ? 'model_not_found' : 'download_failed', message, { cause });
}

function isMissing(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
}
