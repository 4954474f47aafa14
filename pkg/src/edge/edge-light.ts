import { createReranker } from '../edge-light.js';
import { handlerWith } from './handler.js';
import type { Handler, HandlerOptions } from './types.js';

export * from './public.js';

/**
 * Makes what answers `POST /v1/rerank` and its kin: a function from a Request to a Response, for a worker's `fetch` or any
 * server that speaks in those. Nothing is loaded before the first ranking.
 *
 * @throws RerankError: `invalid_input`
 */
export function createHandler<Env = unknown, Caller = unknown>(
  options: HandlerOptions<Env, Caller> = {},
): Handler<Env> {
  return handlerWith(options, createReranker);
}
