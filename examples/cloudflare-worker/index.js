import { bearerKeys, createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

export default {
  fetch: createHandler({
    reranker: { model: mini },
    authenticate: bearerKeys((env) => [env.API_KEY]),
    // These limits are half of the defaults. 128 of the longest documents take about 25 s of CPU time, and Cloudflare allows
    // 30 s unless `cpu_ms` sets more.
    limits: { tokens: 65_536, queueTokens: 131_072 },
  }),
};
