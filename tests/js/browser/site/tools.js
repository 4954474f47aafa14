import { RerankError } from '/rerank-wasm/index.js';

export { createReranker } from '/rerank-wasm/index.js';
export { default as mini } from '/rerank-wasm-mini/index.js';

/** How `promise` fails: as text with code, message and cause, or what it gave instead. */
export function failureOf(promise) {
  return promise.then(
    (value) => `no failure: ${JSON.stringify(value)}`,
    (error) => (error instanceof RerankError ? describe(error) : `not a RerankError: ${error}`),
  );
}

function describe({ code, message, cause }) {
  return [code, message, ...(cause === undefined ? [] : [cause])].join(': ');
}

/** As many documents as asked for. */
export function documents(count) {
  return Array.from({ length: count }, (_, index) => `document ${index}`);
}
