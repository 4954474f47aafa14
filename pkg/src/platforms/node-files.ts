import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf, RerankError, throwIfAborted } from '../common/errors.js';
import { engineUrl } from '../engine-urls.js';
import type { LocalBundle, LocalFiles, ModelDirectory, OpenFile } from '../files/local-files.js';
import { smallModelHint } from '../files/resolve.js';

/** Where exports for this engine put the graph, best first: a quantised one is smaller and faster. */
export const graphPaths = ['onnx/model_quantized.onnx', 'model_quantized.onnx', 'onnx/model.onnx', 'model.onnx'];

/** Node's file system. */
export const localFiles: LocalFiles = { open: openLocal, findModel };

/** Compiles the engine that lies beside this file. */
export async function readEngine(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(fileURLToPath(engineUrl())));
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

/** The file in pieces; each is valid until the next is asked for. */
async function* chunksOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(1 << 20);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (cause) {
    throw unreadable(cause, path);
  }
}

async function findModel(path: string | URL): Promise<ModelDirectory | LocalBundle> {
  const root = typeof path === 'string' ? path : pathOf(path);
  const found = await stat(root).catch(() => undefined);
  if (found?.isFile()) return { bundle: pathToFileURL(root) };
  if (!found?.isDirectory()) {
    const what = `${root} is neither the name of a published model nor a directory`;
    throw new RerankError('model_not_found', `${what}${smallModelHint(root)}`);
  }
  return {
    config: await findFile(root, ['config.json']),
    tokenizer: await findFile(root, ['tokenizer.json']),
    model: await findFile(root, graphPaths),
  };
}

/** @throws `model_not_found` where none of the candidates is there */
export async function findFile(root: string, candidates: string[]): Promise<URL> {
  for (const candidate of candidates) {
    const path = join(root, candidate);
    if ((await stat(path).catch(() => undefined))?.isFile()) return pathToFileURL(path);
  }
  throw new RerankError('model_not_found', `${root} has no ${candidates.join(' or ')}`);
}

/** @throws `invalid_input` for a URL that no file can have here: with a host, with a slash that is written `%2F` */
function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new RerankError('invalid_input', `${url} is not the URL of a file: ${messageOf(cause)}`, { cause });
  }
}

function unreadable(cause: unknown, path: string): RerankError {
  const missing = ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
  return new RerankError(missing ? 'model_not_found' : 'download_failed', `${path}: ${messageOf(cause)}`, { cause });
}
