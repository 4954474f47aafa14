import type { CacheEntry } from '../common/cache-backend.js';
import { isObject } from '../common/kinds.js';
import { sha256OfText } from '../common/sha256.js';

/** Returns a name for the file of a key, which every store accepts. */
export function idOf(key: string): string {
  return sha256OfText(key).slice(0, 32);
}

/** Parses a store's facts about a file; undefined if the text is damaged. */
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
