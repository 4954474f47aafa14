import type { Reranker, RerankerOptions } from '../common/types.js';
import { type Create, patienceSeconds } from '../reranker/shared.js';
import { corsHeaders } from './cors.js';
import { checkHandlerOptions } from './options.js';
import { router } from './routes.js';
import type { Handler, HandlerContext, HandlerOptions } from './types.js';
import { Problem } from './wire/problem.js';

/** What an id in a request may look like. */
const sane = /^[\w.:-]{1,128}$/;

/** A load that can be slow without being dead: a second one would only slow it down. */
const usualLoadSeconds = 300;

/** `createHandler` with the reranker of a platform. */
export type CreateHandler = <Env = unknown, Caller = unknown>(options?: HandlerOptions<Env, Caller>) => Handler<Env>;

export function handlersWith(createReranker: Create<Reranker, [options?: RerankerOptions]>): CreateHandler {
  return (options = {}) => handlerWith(options, createReranker);
}

/** @throws `invalid_input` */
function handlerWith<Env, Caller>(
  options: HandlerOptions<Env, Caller>,
  createReranker: Create<Reranker, [options?: RerankerOptions]>,
): Handler<Env> {
  const checked = checkHandlerOptions(options, createReranker[patienceSeconds] ?? usualLoadSeconds);
  const { reranker } = checked;
  const create = typeof reranker === 'function' ? reranker : () => createReranker(reranker);
  const answer = router(checked, create);

  function refuse(error: unknown, id: string, ctx: HandlerContext | undefined): Response {
    const problem = error instanceof Problem ? error : unforeseen(error, id);
    const { cause } = problem.details;
    if (cause !== undefined) {
      const told = tell(cause, id);
      ctx?.waitUntil(told);
    }
    return problem.toResponse(id);
  }

  async function tell(error: unknown, id: string): Promise<void> {
    try {
      await checked.onError?.(error, { id });
    } catch {
      // The client is owed an answer all the same.
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
  return new Problem('internal_error', `something broke; who runs this can look it up by the id ${id}`, {
    cause: cause ?? new Error('a hook threw nothing'),
  });
}

/** The id that the client gave in `x-request-id` where it is fit for logs and headers, else a new one. */
function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id');
  return given !== null && sane.test(given) ? given : crypto.randomUUID();
}
