import { createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

import { limits } from './limits.js';

const key = 'model.bundle';
const missing = () => new Error(`The bucket has no ${key}; put it there as the README shows.`);

export default {
  fetch: createHandler({
    models: ['bge-reranker-base'],
    async reranker({ MODELS }) {
      const facts = await MODELS.head(key);
      if (!facts) throw missing();
      async function location() {
        const object = await MODELS.get(key);
        if (!object) throw missing();
        return new Response(object.body);
      }
      return createReranker({
        model: { name: 'bge-reranker-base', files: { bundle: { location, size: facts.size } } },
      });
    },
    authenticate: bearerKeys((env) => [env.API_KEY]),
    limits,
  }),
};
