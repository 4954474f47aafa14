import { createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

let loads = 0;
let reports = 0;
let open = false;

/** Handlers by the value of the header `x-handler`. */
const handlers = {
  open: createHandler({ reranker: { model: mini }, cors: { origins: ['https://page.example'] } }),
  keys: createHandler({ reranker: { model: mini }, authenticate: bearerKeys((env) => [env.API_KEY]) }),
  poor: createHandler({ reranker: { model: mini }, authorize: async () => false }),
  fast: createHandler({ rateLimit: async () => ({ retryAfter: 9 }) }),
  broken: createHandler({
    authenticate() {
      throw new Error('secret of the deployer');
    },
    async onError() {
      // The report ends long after the answer.
      await new Promise((resolve) => setTimeout(resolve, 50));
      reports += 1;
      throw new Error('secret of the deployer');
    },
  }),
  hasty: createHandler({
    reranker: { model: mini },
    limits: { bodyBytes: 1000, bodySeconds: 1, queueBytes: 1000 },
  }),
  failing: createHandler({
    async reranker() {
      loads += 1;
      if (loads === 1) await fetch('http://127.0.0.1:1/');
      return createReranker({ model: mini });
    },
  }),
  gated: createHandler({
    async reranker() {
      // A timer belongs to the request that began to load, as a download does.
      while (!open) await new Promise((resolve) => setTimeout(resolve, 10));
      return createReranker({ model: mini });
    },
    limits: { tokens: 40, queueTokens: 80 },
  }),
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/open') {
      open = true;
      return new Response(null);
    }
    if (pathname === '/reports') return Response.json(reports);
    if (pathname === '/log') {
      console.log(await request.text());
      return new Response(null);
    }
    return handlers[request.headers.get('x-handler')](request, env, ctx);
  },
};
