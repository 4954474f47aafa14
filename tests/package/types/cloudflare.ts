// Compiles with the types of Cloudflare's workers.
import { createReranker } from 'rerank-wasm';
import { createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

interface Env {
  ASSETS: Fetcher;
  ENGINE: WebAssembly.Module;
}

const handler = createHandler<Env>({ reranker: { model: mini } });
const assets = createHandler<Env>({
  reranker: ({ ASSETS, ENGINE: wasm }) =>
    createReranker({ wasm, model: { name: 'mine', files: { bundle: () => ASSETS.fetch('https://assets/model') } } }),
});

export default {
  fetch: (request, env, ctx) => (request.url.endsWith('/assets') ? assets : handler)(request, env, ctx),
} satisfies ExportedHandler<Env>;

export const whole: ExportedHandler<Env> = { fetch: handler };
