import { createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

export default {
  fetch: createHandler({
    models: ['bge-reranker-base'],
    async reranker({ ASSETS }) {
      const open = (file) => ASSETS.fetch(`https://assets.local/${file}`);
      const { name, shards, size, sha256 } = await (await open('model.bundle.json')).json();
      const bundle = { shards: shards.map((shard) => () => open(shard)), size, sha256 };
      return createReranker({ model: { name, files: { bundle } } });
    },
    authenticate: bearerKeys((env) => [env.API_KEY]),
  }),
};
