import { bearerKeys, createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

export default {
  fetch: createHandler({
    reranker: { model: mini },
    authenticate: bearerKeys((env) => [env.API_KEY]),
    // Half of the defaults: 128 of the longest documents take about 25 s of the 30 s of CPU time that Cloudflare gives a
    // request unless `cpu_ms` says otherwise.
    limits: { tokens: 65_536, queueTokens: 131_072 },
  }),
};
