import type { Embedder } from '../common/embedding.js';
import type { Reranker } from '../common/types.js';
import { preflight } from './cors.js';
import { embeddingsEndpoint } from './embeddings-endpoint.js';
import { Hooks, type Incoming } from './hooks.js';
import { Models, type ServedModel } from './models.js';
import type { CheckedOptions } from './options.js';
import { Queue } from './queue.js';
import { rerankEndpoint } from './rerank-endpoint.js';
import { dialects } from './wire/dialects.js';
import { embeddingsDialect } from './wire/embeddings.js';
import { documentPaths, embeddingsPath, otherServices, rerankPaths, scorePaths } from './wire/endpoints.js';
import { llmsText } from './wire/llms-txt.js';
import { openApi } from './wire/openapi.js';
import { Problem } from './wire/problem.js';

interface Route<Env> {
  methods: readonly string[];
  answer: (incoming: Incoming<Env>) => Response | Promise<Response>;
}

/** The models of a handler by what they are for. */
export interface Served<Env> {
  rerankers: readonly ServedModel<Env, Reranker>[];
  embedders: readonly ServedModel<Env, Embedder>[];
}

/** Answers each request with the endpoint of its path. */
export function router<Env, Caller>(
  options: CheckedOptions<Env, Caller>,
  served: Served<Env>,
): (incoming: Incoming<Env>) => Promise<Response> {
  const routes = routesOf(options, served);
  const { basePath } = options;
  return async (incoming) => {
    const { request } = incoming;
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : '';
    const route = routes.get(path);
    if (!route) throw notFound(path, basePath, routes);
    const { methods, answer } = route;
    if (request.method === 'OPTIONS' && options.cors) return preflight(request, methods);
    if (methods.includes(request.method)) return answer(incoming);
    const allow = [...methods, ...(options.cors ? ['OPTIONS'] : [])].join(', ');
    throw new Problem('method_not_allowed', `This endpoint does not take that method; use ${allow}.`, {
      headers: { allow },
    });
  };
}

function routesOf<Env, Caller>(options: CheckedOptions<Env, Caller>, served: Served<Env>) {
  const { limits, basePath, authenticate, authorize, rateLimit } = options;
  const { documents, queueBytes, queueTokens } = limits;
  const hooks = new Hooks(options);
  const rerankers = new Models(served.rerankers, limits);
  const embedders = new Models(served.embedders, limits);
  const parts = { options, hooks, bytes: new Queue(queueBytes), tokens: new Queue(queueTokens) };
  const routes = new Map<string, Route<Env>>();

  const known = dialects({ documents, models: rerankers.names, basePath });
  const rerank = rerankEndpoint({ ...parts, rerankers, embedders: embedders.names, dialects: known });
  for (const path of served.rerankers.length > 0 ? [...Object.keys(rerankPaths), ...scorePaths] : []) {
    routes.set(path, { methods: ['POST'], answer: (incoming) => rerank(incoming, path) });
  }
  const dialect = embeddingsDialect({ documents, models: embedders.names, basePath });
  const embed = embeddingsEndpoint({ ...parts, embedders, rerankers: rerankers.names, dialect });
  if (served.embedders.length > 0) {
    routes.set(embeddingsPath, { methods: ['POST'], answer: (incoming) => embed(incoming, embeddingsPath) });
  }

  const models = { rerankers: rerankers.names, embedders: embedders.names };
  const used = { authenticate: !!authenticate, authorize: !!authorize, rateLimit: !!rateLimit };
  const reading = (answer: Route<Env>['answer']): Route<Env> => ({ methods: ['GET', 'HEAD'], answer });
  return routes
    .set(
      documentPaths.models,
      reading(async (incoming) => {
        await hooks.authenticate(incoming);
        return Response.json(modelList([...models.rerankers, ...models.embedders]));
      }),
    )
    .set(
      documentPaths.health,
      reading(() => Response.json(health([...rerankers.states, ...embedders.states]))),
    )
    .set(
      documentPaths.openapi,
      reading(() => Response.json(openApi({ models, limits, dialects: known, dialect, basePath, hooks: used }))),
    )
    .set(
      documentPaths.llms,
      reading(
        () =>
          new Response(llmsText({ models, limits, basePath }), {
            headers: { 'content-type': 'text/plain; charset=utf-8' },
          }),
      ),
    );
}

/** The state of the first model, and of each if there are several. */
function health(states: readonly [name: string, state: string][]) {
  const [first] = states;
  return { status: 'ok', model: first?.[1], ...(states.length > 1 && { models: Object.fromEntries(states) }) };
}

function modelList(models: readonly string[]) {
  return { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'rerank-wasm' })) };
}

function notFound(path: string, basePath: string, routes: ReadonlyMap<string, unknown>): Problem {
  const uses: [string, string][] = [
    ['/v1/rerank', 'a reranker'],
    [embeddingsPath, 'an embedding model'],
  ];
  const here = uses.filter(([path]) => routes.has(path));
  const kinds = here.map(([, kind]) => kind).join(' and ');
  const advice = here.map(([path]) => `POST ${basePath}${path}`).join(' or ');
  const message = [...otherServices, ...uses.map(([path]) => path)].includes(path)
    ? `This server is ${kinds}; use ${advice}.`
    : `There is no endpoint at this path; GET ${basePath}${documentPaths.llms} describes them.`;
  return new Problem('endpoint_not_found', message);
}
