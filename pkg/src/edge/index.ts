import { createEmbedder, createReranker } from '../index.js';
import { type CreateHandler, handlersWith } from './handler.js';

export * from './public.js';

/**
 * Makes a handler for `POST /v1/rerank`, `POST /v1/embeddings` and the other endpoints. The handler maps a Request to a
 * Response, for a worker's `fetch` or any server with that interface. The first request for a model loads it.
 *
 * @example
 * export default { fetch: createHandler({ reranker: { model: mini } }) };
 *
 * @throws RerankError: `invalid_input`
 */
export const createHandler: CreateHandler = handlersWith({ createReranker, createEmbedder });
