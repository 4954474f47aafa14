import { createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

import { limits } from './limits.js';

export default {
  fetch: createHandler({
    models: ['bge-reranker-base'],
    async reranker({ ASSETS }) {
      const open = (file) => ASSETS.fetch(`https://assets.local/${file}`);
      const manifest = await open('model.bundle.json');
      if (!manifest.ok)
        throw new Error(`The assets have no model.bundle.json (HTTP ${manifest.status}); make it as the README shows.`);
      const { name, shards, size, sha256 } = await manifest.json();
      const bundle = { shards: shards.map((shard) => () => open(shard)), size, sha256 };
      return createReranker({ model: { name, files: { bundle } } });
    },
    authenticate: bearerKeys((env) => [env.API_KEY]),
    limits,
  }),
};
