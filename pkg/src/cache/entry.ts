import { isObject } from '../common/kinds.js';
import { sha256OfText } from '../common/sha256.js';
import type { CacheEntry } from '../common/types.js';

/** A name for the file of a key that every store takes. */
export function idOf(key: string): string {
  return sha256OfText(key).slice(0, 32);
}

/** What a store has written down about a file; undefined where the text is damaged. */
export function parseEntry(text: string): CacheEntry | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is CacheEntry {
  if (!isObject(entry)) return false;
  const { key, url, size, sha256 } = entry;
  const texts = typeof key === 'string' && typeof url === 'string';
  return texts && Number.isSafeInteger(size) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
}
