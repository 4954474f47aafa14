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
  #models;
  #loaded = [];

  /**
   * Opens the index that this browser keeps. Returns why it keeps none, or undefined. Both models load meanwhile.
   * `embedding` receives `{ done, total }` while an index of another model is embedded again.
   */
  async open({ embedding }) {
    const models = {
      // Its 35 MB are too large for many an HTTP cache, so the cache of the package keeps them.
      embedder: createEmbedder({ model: recall }),
      // The browser's HTTP cache and the service worker keep this one, beside the page.
      reranker: createReranker({ model: mini, cache: 'none' }),
    };
    this.#models = Object.values(models).map(async (model) => this.#loaded.push(await model));
    for (const model of this.#models) model.catch(() => {});
    try {
      this.#search = await createSearch({ ...models, name: 'page', onProgress: embedding });
      return undefined;
    } catch (error) {
      const kept = error instanceof RerankError && ['invalid_input', 'unsupported_environment'].includes(error.code);
      if (!kept) throw error;
      this.#search = await createSearch(models);
      return error.message;
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
   * Adds files, `{ path, file }`. Returns those without text as `{ path, reason }`. `progress` receives `{ done, total }`,
   * counted in files.
   */
  async addFiles(files, { signal, progress }) {
    const skipped = [];
    for (let start = 0; start < files.length; start += batch) {
      const documents = [];
      for (const { path, file } of files.slice(start, start + batch)) {
        signal.throwIfAborted();
        try {
          documents.push({ id: path, text: await textOf(file) });
        } catch (error) {
          skipped.push({ path, reason: error.message });
        }
      }
      const before = Math.min(start + batch, files.length) - documents.length;
      const onProgress = ({ done }) => progress({ done: before + done, total: files.length });
      await this.#search.add(documents, { signal, onProgress });
    }
    return skipped;
  }

  /** Adds texts as documents, `{ id, text }`. */
  addTexts(documents, { signal, progress }) {
    return this.#search.add(documents, { signal, onProgress: progress });
  }

  async paths() {
    const documents = await this.#search.documents();
    return documents.map(({ id }) => id).sort((left, right) => left.localeCompare(right));
  }

  remove(paths) {
    return this.#search.remove(paths);
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
