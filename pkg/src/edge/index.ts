import { createReranker } from '../index.js';
import { type CreateHandler, handlersWith } from './handler.js';

export * from './public.js';

/**
 * Makes a handler for `POST /v1/rerank` and the other endpoints. The handler maps a Request to a Response, for a
 * worker's `fetch` or any server with that interface. The first ranking loads the model.
 *
 * @example
 * export default { fetch: createHandler({ reranker: { model: mini } }) };
 *
 * @throws RerankError: `invalid_input`
 */
export const createHandler: CreateHandler = handlersWith(createReranker);
