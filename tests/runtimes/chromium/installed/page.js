import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

/** Ranks once and stores the number of threads. `options` are those of `createReranker`. */
globalThis.rank = async (options) => {
  const reranker = await createReranker({ model: mini, ...options });
  const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
  globalThis.threads = (await reranker.statistics()).threads;
  await reranker.dispose();
  return results.map(({ index }) => index);
};
