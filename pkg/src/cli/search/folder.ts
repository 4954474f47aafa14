import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';

import { throwIfAborted } from '../../common/errors.js';
import type { SearchDocument } from '../../search/types.js';
import { unreadable } from '../text-files.js';

/** Endings of files that are read in a folder. */
export const textEndings = ['.txt', '.text', '.md', '.markdown', '.mdx', '.rst', '.adoc', '.org', '.tex'];

/** A longer file is data rather than something to read. */
const mostBytes = 4 << 20;

/** A file as a document. Its `id` is the path below the folder, with slashes. */
export interface FileDocument extends SearchDocument {
  bytes: number;
  modifiedMilliseconds: number;
}

/** A file before it is read. */
export interface FoundFile extends Omit<FileDocument, 'text'> {
  path: string;
}

/** The files below a folder, and those that were left out, with the reason. */
export interface Found {
  files: FoundFile[];
  leftOut: string[];
}

/**
 * Finds the text files below a folder, or takes the one file that `path` names. Hidden files, `node_modules` and links are
 * left out.
 *
 * @throws `invalid_input` if `path` cannot be read; `aborted`
 */
export async function findFiles(path: string, signal: AbortSignal): Promise<Found> {
  const found: Found = { files: [], leftOut: [] };
  try {
    if ((await stat(path)).isDirectory()) await walk(path, path, found, signal);
    else await take(dirname(path), path, found);
  } catch (cause) {
    throwIfAborted(signal);
    throw unreadable(path, cause);
  }
  return found;
}

/** Reads a file; undefined if it is not UTF-8. */
export async function readDocument({ path, ...facts }: FoundFile): Promise<FileDocument | undefined> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    return { ...facts, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return undefined;
  }
}

async function walk(root: string, folder: string, found: Found, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await walk(root, path, found, signal);
    else if (entry.isFile() && textEndings.includes(extname(entry.name).toLowerCase())) await take(root, path, found);
  }
}

async function take(root: string, path: string, { files, leftOut }: Found): Promise<void> {
  const { size: bytes, mtimeMs } = await stat(path);
  const id = relative(root, path).split(sep).join('/') || basename(path);
  if (bytes > mostBytes) leftOut.push(`${id} has more than ${mostBytes >> 20} MiB`);
  else files.push({ id, path, bytes, modifiedMilliseconds: Math.round(mtimeMs) });
}
