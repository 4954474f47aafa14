import { RerankError } from '/rerank-wasm/index.js';

import mini from '/rerank-wasm-mini/index.js';

export { createReranker } from '/rerank-wasm/index.js';
export { mini };

/** Returns the small model at another base URL, with its sizes and hashes or without. */
export function modelAt(base, pinned) {
  const files = Object.entries(mini.files).map(([role, file]) => {
    const location = file.location.href.replace(/^.*rerank-wasm-mini/, base);
    return [role, pinned ? { ...file, location } : location];
  });
  return { name: 'elsewhere', files: Object.fromEntries(files) };
}

/**
 * Returns a promise's failure as text with code, message and cause. If the promise resolves, the text has its value.
 */
export function failureOf(promise) {
  return promise.then(
    (value) => `no failure: ${JSON.stringify(value)}`,
    (error) => (error instanceof RerankError ? describe(error) : `not a RerankError: ${error}`),
  );
}

function describe({ code, message, cause }) {
  return [code, message, ...(cause === undefined ? [] : [cause])].join(': ');
}

/**
 * Notes the workers that start from now on. `kill` ends one of them and reports an error of it, as a browser does that
 * ends a worker by itself.
 */
export function mortalWorkers() {
  const workers = [];
  globalThis.Worker = class extends Worker {
    constructor(...parameters) {
      super(...parameters);
      workers.push(this);
    }
  };
  const kill = (worker) => {
    worker.terminate();
    worker.dispatchEvent(new ErrorEvent('error', { message: 'it was killed', cancelable: true }));
  };
  return { workers, kill };
}

/** Makes `count` documents. */
export function documents(count) {
  return Array.from({ length: count }, (_, index) => `document ${index}`);
}

/** Makes documents of one word to some hundreds. The last one is longer than any model takes. */
export function mixedDocuments() {
  const words = ['river', 'bank', 'money', 'water', 'loan', 'boat', 'interest', 'fish'];
  const text = (length, seed) => Array.from({ length }, (_, word) => words[(word * 7 + seed) % words.length]).join(' ');
  return [...Array.from({ length: 11 }, (_, index) => text(1 + ((index * 53) % 200), index)), text(700, 11)];
}
