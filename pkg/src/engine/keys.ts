import type { ResolvedFile } from '../files/resolved.js';

/** Returns the key of a file in a cache; undefined for a file that is not downloaded. A hash stands for every URL. */
export function cacheKey({ location, more, sha256 }: ResolvedFile): string | undefined {
  if (typeof location !== 'string' || !/^https?:/i.test(location)) return undefined;
  if (more && sha256 === undefined) return undefined;
  return sha256 === undefined ? location : `sha256:${sha256}`;
}

/** Returns the key of a note with the names of the files that hold a graph's weights. */
export function dataNamesKey(key: string): string {
  return `data 1 ${key}`;
}

/** Returns the key of a tokenizer's compact form: a third of the size, and ready several times sooner. */
export function compactKey(key: string): string {
  return `${key} compact 1`;
}
