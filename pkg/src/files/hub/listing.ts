import { isObject } from '../../common/kinds.js';
import { isSafePath } from './name.js';
import { wrongListing } from './problems.js';

/** A file of a repository: its path, and the facts that the hub knows about it. */
export interface ListedFile {
  path: string;
  size?: number;
  sha256?: string;
}

/**
 * Reads a page of the hub's list of files.
 *
 * @throws `download_failed` for anything else
 */
export function parseListing(page: unknown, repository: string): ListedFile[] {
  if (!Array.isArray(page)) throw wrongListing(repository, 'is no JSON array');
  return page.flatMap((entry: unknown) => {
    if (!isObject(entry) || typeof entry.path !== 'string')
      throw wrongListing(repository, 'has an entry without a path');
    // A path such as `../x` is no file of this repository.
    return entry.type === 'file' && isSafePath(entry.path) ? [fileOf(entry.path, entry)] : [];
  });
}

/** Removes entries that come again. The first one counts, whatever the others say. */
export function withoutDuplicates(files: readonly ListedFile[]): ListedFile[] {
  const first = new Map<string, ListedFile>();
  for (const file of files) if (!first.has(file.path)) first.set(file.path, file);
  return [...first.values()];
}

/** Takes the facts of a large file (LFS), else the size alone: `oid` is then a hash of Git. */
function fileOf(path: string, { size, lfs }: Record<string, unknown>): ListedFile {
  const large = isObject(lfs) ? lfs : {};
  const bytes = large.size ?? size;
  return {
    path,
    ...(isSize(bytes) && { size: bytes }),
    ...(isSha256(large.oid) && { sha256: large.oid }),
  };
}

export function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
