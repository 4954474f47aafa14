import { createEmbedder, createReranker, RerankError } from 'rerank-wasm';
import { createSearch } from 'rerank-wasm/search';
import mini from 'rerank-wasm-mini';
import recall from 'rerank-wasm-recall';

import { textOf } from './file-text.js';

/** How many files are read before they are embedded: a bound for their texts in memory. */
const batch = 8;

/** The index of the user's files, with both models. */
export class Library {
  #search;
  #models = [];
  #loaded = [];
  #ids = new Set();

  /**
   * Opens the index that this browser keeps, or one in memory. Returns whether it is kept. Both models load meanwhile.
   * `embedding` receives `{ done, total }` while an index of another model is embedded again. `warned` receives why the
   * large model cannot be kept.
   */
  async open({ embedding, warned }) {
    const models = {
      // Its 35 MB are too large for many an HTTP cache, so the cache of the package keeps them.
      embedder: createEmbedder({ model: recall, onWarning: ({ message }) => warned(message) }),
      // The browser's HTTP cache and the service worker keep this one, beside the page.
      reranker: createReranker({ model: mini, cache: 'none' }),
    };
    this.#models = Object.values(models).map(async (model) => this.#loaded.push(await model));
    for (const model of this.#models) model.catch(() => {});
    const isKept = await this.#open(models, embedding);
    for (const { id } of await this.#search.documents()) this.#ids.add(id);
    return isKept;
  }

  async #open(models, onProgress) {
    try {
      this.#search = await createSearch({ ...models, name: 'page', onProgress });
      return true;
    } catch (error) {
      const isOfThisTab =
        error instanceof RerankError && ['invalid_input', 'unsupported_environment'].includes(error.code);
      if (!isOfThisTab) throw error;
      this.#search = await createSearch(models);
      return false;
    }
  }

  /** Frees the index and both models. */
  async close() {
    await this.#search?.dispose();
    await Promise.allSettled(this.#models);
    for (const model of this.#loaded) await model.dispose();
  }

  /** Waits until both models are loaded. */
  async ready() {
    await Promise.all(this.#models);
  }

  /**
   * Adds files, `{ path, file }`. Returns how many it added, how many of them replaced an earlier one, and those without
   * text as `{ path, reason }`. `progress` receives `{ done, total }`, counted in files.
   */
  async addFiles(files, { signal, progress }) {
    const total = files.length;
    const result = { added: 0, replaced: 0, skipped: [] };
    // A browser deletes what a site keeps when the disk is full, unless it agrees to this.
    navigator.storage?.persist?.().catch(() => {});
    for (let start = 0; start < total; start += batch) {
      const documents = [];
      for (const { path, file } of files.slice(start, start + batch)) {
        signal.throwIfAborted();
        try {
          documents.push({ id: path, text: await textOf(file) });
        } catch (error) {
          result.skipped.push({ path, reason: error.message });
        }
      }
      const before = Math.min(start + batch, total) - documents.length;
      progress({ done: before, total });
      result.replaced += documents.filter(({ id }) => this.#ids.has(id)).length;
      await this.addTexts(documents, { signal, progress: ({ done }) => progress({ done: before + done, total }) });
      result.added += documents.length;
    }
    return result;
  }

  /** Adds texts as documents, `{ id, text }`. */
  async addTexts(documents, { signal, progress }) {
    try {
      await this.#search.add(documents, { signal, onProgress: progress });
    } catch (error) {
      // Some of them may be in the index.
      this.#ids = new Set((await this.#search.documents()).map(({ id }) => id));
      throw error;
    }
    for (const { id } of documents) this.#ids.add(id);
  }

  /** Returns the name, or the name with a number if there is a document of this name. */
  free(name) {
    let free = name;
    for (let number = 2; this.#ids.has(free); number += 1) free = `${name} (${number})`;
    return free;
  }

  /** Returns the names of all documents, in order. */
  paths() {
    return [...this.#ids].sort((left, right) => left.localeCompare(right));
  }

  async remove(paths) {
    await this.#search.remove(paths);
    for (const path of paths) this.#ids.delete(path);
  }

  /** Yields the lists of `Search.stream`. */
  stream(query, options) {
    return this.#search.stream(query, options);
  }

  /** Returns counts of the index, and the memory of both engines in bytes: 0 for one that is not loaded. */
  async statistics() {
    const { chunks, bytes } = await this.#search.statistics();
    const engines = await Promise.all(this.#loaded.map((model) => model.statistics()));
    return { chunks, bytes, memoryBytes: engines.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) };
  }
}
