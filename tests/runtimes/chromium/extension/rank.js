import { createReranker } from './rerank-wasm/dist/index.js';
import mini from './rerank-wasm-mini/index.js';

/** Ranks once. `options` are those of `createReranker`. */
export async function rank(options) {
  try {
    const reranker = await createReranker({ model: mini, ...options });
    const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
    await reranker.dispose();
    return results.map(({ index }) => index).join();
  } catch (error) {
    return String(error);
  }
}
