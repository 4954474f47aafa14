import type { Reranker } from '../common/types.js';
import { preflight } from './cors.js';
import { Hooks, type Incoming } from './hooks.js';
import { Loading } from './loading.js';
import type { CheckedOptions } from './options.js';
import { rerankEndpoint } from './rerank-endpoint.js';
import { dialects } from './wire/dialects.js';
import { documentPaths, otherServices, rerankPaths, scorePaths } from './wire/endpoints.js';
import { llmsText } from './wire/llms-txt.js';
import { openApi } from './wire/openapi.js';
import { Problem } from './wire/problem.js';

interface Route<Env> {
  methods: readonly string[];
  answer: (incoming: Incoming<Env>) => Response | Promise<Response>;
}

/** Answers each request with the endpoint of its path. */
export function router<Env, Caller>(
  options: CheckedOptions<Env, Caller>,
  create: (env: Env) => Promise<Reranker>,
): (incoming: Incoming<Env>) => Promise<Response> {
  const routes = routesOf(options, create);
  const { basePath } = options;
  return async (incoming) => {
    const { request } = incoming;
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : '';
    const route = routes.get(path);
    if (!route) throw notFound(path, basePath);
    const { methods, answer } = route;
    if (request.method === 'OPTIONS' && options.cors) return preflight(request, methods);
    if (methods.includes(request.method)) return answer(incoming);
    const allow = [...methods, ...(options.cors ? ['OPTIONS'] : [])].join(', ');
    throw new Problem('method_not_allowed', `This endpoint does not take that method; use ${allow}.`, {
      headers: { allow },
    });
  };
}

function routesOf<Env, Caller>(options: CheckedOptions<Env, Caller>, create: (env: Env) => Promise<Reranker>) {
  const { limits, models, basePath, authenticate, authorize, rateLimit } = options;
  const hooks = new Hooks(options);
  const loading = new Loading(create, limits);
  const known = dialects({ documents: limits.documents, models, basePath });
  const rerank = rerankEndpoint({ options, hooks, loading, dialects: known });
  const used = { authenticate: !!authenticate, authorize: !!authorize, rateLimit: !!rateLimit };
  const reading = (answer: Route<Env>['answer']): Route<Env> => ({ methods: ['GET', 'HEAD'], answer });

  const routes = new Map<string, Route<Env>>();
  for (const path of [...Object.keys(rerankPaths), ...scorePaths]) {
    routes.set(path, { methods: ['POST'], answer: (incoming) => rerank(incoming, path) });
  }
  return routes
    .set(
      documentPaths.models,
      reading(async (incoming) => {
        await hooks.authenticate(incoming);
        return Response.json(modelList(models));
      }),
    )
    .set(
      documentPaths.health,
      reading(() => Response.json({ status: 'ok', model: loading.state })),
    )
    .set(
      documentPaths.openapi,
      reading(() => Response.json(openApi({ models, limits, dialects: known, basePath, hooks: used }))),
    )
    .set(
      documentPaths.llms,
      reading(() => new Response(llmsText(options), { headers: { 'content-type': 'text/plain; charset=utf-8' } })),
    );
}

function modelList(models: readonly string[]) {
  return { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'rerank-wasm' })) };
}

function notFound(path: string, basePath: string): Problem {
  const message = otherServices.includes(path)
    ? `This server is a reranker; use POST ${basePath}/v1/rerank.`
    : `There is no endpoint at this path; GET ${basePath}${documentPaths.llms} describes them.`;
  return new Problem('endpoint_not_found', message);
}
