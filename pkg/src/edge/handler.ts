import type { Embedder, EmbedderOptions } from '../common/embedding.js';
import type { Reranker, RerankerOptions } from '../common/types.js';
import { type Create, patienceSeconds } from '../opening/shared.js';
import { corsHeaders } from './cors.js';
import { checkHandlerOptions } from './options.js';
import { router } from './routes.js';
import type { Handler, HandlerContext, HandlerOptions } from './types.js';
import { Problem } from './wire/problem.js';

/** The request ids that are safe in logs and headers. */
const sane = /^[\w.:-]{1,128}$/;

/** Outside an isolate a load can be slow but does not die with its request. A second load would slow it down. */
const usualLoadSeconds = 300;

/** The exports of a door that make models. */
interface Doors {
  createReranker: Create<Reranker, [options?: RerankerOptions]>;
  createEmbedder: Create<Embedder, [options?: EmbedderOptions]>;
}

/** `createHandler` with the models of a platform. */
export type CreateHandler = <Env = unknown, Caller = unknown>(options?: HandlerOptions<Env, Caller>) => Handler<Env>;

export function handlersWith(doors: Doors): CreateHandler {
  return (options = {}) => handlerWith(options, doors);
}

/** @throws `invalid_input` */
function handlerWith<Env, Caller>(
  options: HandlerOptions<Env, Caller>,
  { createReranker, createEmbedder }: Doors,
): Handler<Env> {
  const checked = checkHandlerOptions(options, createReranker[patienceSeconds] ?? usualLoadSeconds);
  const { rerankers, embedders } = checked.models;
  const answer = router(checked, {
    rerankers: rerankers.map(({ names, choice }) => ({
      names,
      create: typeof choice === 'function' ? choice : () => createReranker(choice),
    })),
    embedders: embedders.map(({ names, choice }) => ({
      names,
      create: typeof choice === 'function' ? choice : () => createEmbedder(choice),
    })),
  });

  function refuse(error: unknown, id: string, ctx: HandlerContext | undefined): Response {
    const problem = error instanceof Problem ? error : unforeseen(error, id);
    const { cause } = problem.details;
    if (cause !== undefined) {
      const reported = report(cause, id);
      ctx?.waitUntil(reported);
    }
    return problem.toResponse(id);
  }

  async function report(error: unknown, id: string): Promise<void> {
    try {
      await checked.onError?.(error, { id });
    } catch {
      // A hook that fails must not cost the client its answer.
    }
  }

  return async (request, env, ctx) => {
    const id = requestIdOf(request);
    const response = await answer({ request, env: env as Env, ctx, id }).catch((error: unknown) =>
      refuse(error, id, ctx),
    );
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': id };
    for (const [name, value] of Object.entries({ ...headers, ...corsHeaders(request, checked) })) {
      response.headers.set(name, value);
    }
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
}

function unforeseen(cause: unknown, id: string): Problem {
  return new Problem('internal_error', `The server failed; its operator can look up the id ${id}.`, {
    cause: cause ?? new Error('A hook threw undefined or null.'),
  });
}

/** The client's `x-request-id` if it is safe in logs and headers, else a new id. */
function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id');
  return given !== null && sane.test(given) ? given : crypto.randomUUID();
}
