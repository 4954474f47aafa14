import { bearerKeys, createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

export default {
  fetch: createHandler({
    reranker: { model: mini },
    authenticate: bearerKeys((env) => [env.API_KEY]),
  }),
};
