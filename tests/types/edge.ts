import { createEmbedder, createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler, type Handler, type HandlerLimits, type RankingCall } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

interface Env {
  API_KEY: string;
  LIMITER: { limit(options: { key: string }): Promise<{ success: boolean }> };
}

const limits: HandlerLimits = {
  bodyBytes: 1,
  bodySeconds: 1,
  documents: 1,
  tokens: 1,
  queueTokens: 1,
  queueBytes: 1,
  waitSeconds: 1,
  loadSeconds: 1,
};

export const handler: Handler<Env> = createHandler<Env, string>({
  reranker: { model: mini },
  models: ['mini'],
  basePath: '/api',
  authenticate: bearerKeys((env) => [env.API_KEY]),
  rateLimit: async ({ env, caller = '' }) => (await env.LIMITER.limit({ key: caller })).success,
  authorize: ({ tokens, documents, model, id }: RankingCall<Env, string>) => tokens > documents && model !== id,
  limits,
  cors: { origins: ['https://page.example'] },
  onError: (error: unknown, { id }) => void [error, id],
});

export const plain: Handler<unknown> = createHandler();
export const made = createHandler<Env>({ reranker: (env) => createReranker({ model: env.API_KEY }) });
export const inferred = createHandler({
  authenticate: async (request: Request) => ({ name: request.headers.get('x-name') }),
  rateLimit: ({ caller }) => (caller?.name === 'fast' ? { retryAfter: 1 } : true),
  cors: { origins: '*' },
});
export const answer: Promise<Response> = plain(new Request('https://example.com'));
export const worker: Promise<Response> = handler(new Request('https://example.com'), {} as Env, { waitUntil() {} });

// @ts-expect-error: no such option
createHandler({ model: mini });
// @ts-expect-error: a path is a string
createHandler({ basePath: 7 });
// @ts-expect-error: a limit is a number
createHandler({ limits: { documents: '10' } });
// @ts-expect-error: a hook answers
createHandler({ rateLimit: () => 'yes' });
// @ts-expect-error: origins are a list
createHandler({ cors: { origins: 'https://page.example' } });

export const several: Handler<Env> = createHandler<Env>({
  models: { small: { reranker: { model: mini } }, 'bge-m3': { embedder: { model: 'bge-m3' } } },
});

export const both: Handler<Env> = createHandler<Env>({
  reranker: { model: mini },
  embedder: async ({ API_KEY }) => createEmbedder({ token: API_KEY }),
});
