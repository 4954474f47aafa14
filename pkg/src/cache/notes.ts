import { Sha256, sha256OfText } from '../common/sha256.js';
import { type ModelCache, UnreadableError } from './model-cache.js';

/** A longer text is no note of this package. */
const mostBytes = 1 << 20;

/** Short texts in a cache, beside the files that they are about. */
export class CachedNotes {
  readonly #open: () => ModelCache;
  #cache: ModelCache | undefined;

  /** `open` is called at the first use. */
  constructor(open: () => ModelCache) {
    this.#open = open;
  }

  /** True if the cache was opened and failed, or is none. */
  get failed(): boolean {
    return this.#cache !== undefined && !this.#cache.usable;
  }

  /** Returns the text of this key; undefined if there is none, or if it is damaged. */
  async read(key: string): Promise<string | undefined> {
    const cache = this.#opened();
    const found = cache.keeps() ? await cache.find(key) : undefined;
    if (!found) return undefined;
    const hash = new Sha256();
    const decoder = new TextDecoder();
    let text = '';
    let bytes = 0;
    try {
      for await (const chunk of cache.chunks(found)) {
        bytes += chunk.length;
        if (bytes > mostBytes) return undefined;
        hash.update(chunk);
        text += decoder.decode(chunk, { stream: true });
      }
    } catch (error) {
      if (error instanceof UnreadableError) return undefined;
      throw error;
    }
    return hash.digest() === found.sha256 ? text + decoder.decode() : undefined;
  }

  async write(key: string, url: string, text: string): Promise<void> {
    const recording = await this.#opened().record(key);
    const bytes = new TextEncoder().encode(text);
    try {
      await recording.write(bytes);
      await recording.commit({ url, size: bytes.length, sha256: sha256OfText(text) });
    } finally {
      await recording.end();
    }
  }

  async remove(key: string): Promise<void> {
    await this.#opened().remove(key);
  }

  #opened(): ModelCache {
    this.#cache ??= this.#open();
    return this.#cache;
  }
}
