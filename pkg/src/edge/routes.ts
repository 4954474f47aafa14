import type { Reranker } from '../common/types.js';
import { preflight } from './cors.js';
import { Hooks, type Incoming } from './hooks.js';
import { Loading } from './loading.js';
import type { CheckedOptions } from './options.js';
import { rerankEndpoint } from './rerank-endpoint.js';
import { documentPaths, otherServices, rerankPaths } from './wire/endpoints.js';
import { llmsText } from './wire/llms-txt.js';
import { openApi } from './wire/openapi.js';
import { Problem } from './wire/problem.js';
import { requestSchemas } from './wire/schemas.js';

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
  return async (incoming) => {
    const { request } = incoming;
    const path = new URL(request.url).pathname;
    const route = routes.get(path);
    if (!route) throw notFound(path);
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
  const { limits, models, authenticate, authorize, rateLimit } = options;
  const hooks = new Hooks(options);
  const loading = new Loading(create, limits);
  const schemas = requestSchemas({ documents: limits.documents, models });
  const rerank = rerankEndpoint({ options, hooks, loading, schemas });
  const used = { authenticate: !!authenticate, authorize: !!authorize, rateLimit: !!rateLimit };
  const reading = (answer: Route<Env>['answer']): Route<Env> => ({ methods: ['GET', 'HEAD'], answer });

  const routes = new Map<string, Route<Env>>();
  for (const [path, version] of Object.entries(rerankPaths)) {
    routes.set(path, { methods: ['POST'], answer: (incoming) => rerank(incoming, version) });
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
      reading(() => Response.json(openApi({ models, limits, schemas, hooks: used }))),
    )
    .set(
      documentPaths.llms,
      reading(() => new Response(llmsText(options), { headers: { 'content-type': 'text/plain; charset=utf-8' } })),
    );
}

function modelList(models: readonly string[]) {
  return { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'rerank-wasm' })) };
}

function notFound(path: string): Problem {
  const message = otherServices.includes(path)
    ? 'This server is a reranker; use POST /v1/rerank.'
    : 'There is no endpoint at this path; GET /llms.txt describes them.';
  return new Problem('endpoint_not_found', message);
}
