import assert from 'node:assert/strict';

import { createHandler } from 'rerank-wasm/edge';

import { OpenApiChecker } from '../asserts/openapi.js';

export const origin = 'https://reranker.example';

/** Makes a reranker without a model: a longer document scores higher. `replaced` replaces some of its methods. */
export function stubReranker(replaced = {}) {
  return {
    rerank: async (_query, documents) =>
      documents
        .map((text, index) => ({
          index,
          logit: text.length,
          score: text.length / (1 + text.length),
          tokens: text.length + 4,
          truncated: text.length > 500,
        }))
        .sort((left, right) => right.logit - left.logit || left.index - right.index),
    statistics: async () => ({ model: 'stub', maxTokens: 512, memoryBytes: 0 }),
    dispose: async () => {},
    ...replaced,
  };
}

/** Makes a request for a ranking. `body` becomes JSON unless it is text, bytes or a stream. */
export function post(body, { path = '/v1/rerank', headers = {}, ...init } = {}) {
  const plain = typeof body === 'object' && !(body instanceof Uint8Array) && !(body instanceof ReadableStream);
  return new Request(`${origin}${path}`, {
    method: 'POST',
    body: plain ? JSON.stringify(body) : body,
    headers: { 'content-type': 'application/json', ...headers },
    duplex: 'half',
    ...init,
  });
}

export function get(path, init) {
  return new Request(`${origin}${path}`, init);
}

/**
 * Makes a handler with a stub for its model, unless `options` has another. `ask` checks each answer against the
 * handler's OpenAPI document, and returns it as `{ status, headers, text, json }`.
 */
export function makeHandler(options = {}) {
  const errors = [];
  const { basePath = '' } = options;
  const handle = createHandler({
    reranker: async () => stubReranker(),
    onError: (error, { id }) => errors.push({ error, id }),
    ...options,
  });
  let checker;

  async function ask(request, env, ctx) {
    const response = await handle(request, env, ctx);
    const text = await response.text();
    const { status, headers } = response;
    assert.ok(headers.get('x-request-id'));
    checker ??= new OpenApiChecker(await (await handle(get(`${basePath}/openapi.json`))).json());
    const type = headers.get('content-type')?.replace(/;.*/, '');
    const path = new URL(request.url).pathname.slice(basePath.length);
    if (request.method !== 'HEAD' && status !== 204)
      checker.check({ method: request.method, path, status, type, text });
    return { status, headers, text, json: type === 'application/json' && text !== '' ? JSON.parse(text) : undefined };
  }

  return { ask, handle, errors };
}

/**
 * Asserts that an answer is this refusal. Its message must be a sentence, in the shapes that clients of OpenAI, Cohere,
 * Voyage and text-embeddings-inference read.
 */
export function assertProblem({ status, headers, json }, expected) {
  const { id, message, detail, error, error_type } = json;
  assert.equal(`${status} ${error.type} ${error.code}`, expected, JSON.stringify(json));
  assert.equal(id, headers.get('x-request-id'));
  assert.equal(message, error.message);
  assert.equal(detail, message);
  assert.match(error_type, /^(validation|overloaded|backend)$/);
  assert.match(message, /^[A-Z`].*[^.]\.$/);
  return error;
}

/** Makes a promise and the function that resolves it. */
export function gate() {
  let open;
  const promise = new Promise((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
