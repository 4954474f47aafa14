// A worker that loads the bundle at the URL in its environment.
import { createReranker } from 'rerank-wasm';
import { createHandler } from 'rerank-wasm/edge';

export default {
  fetch: createHandler({ reranker: ({ BUNDLE }) => createReranker({ model: new URL(BUNDLE) }) }),
};
