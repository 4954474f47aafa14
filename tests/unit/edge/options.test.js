import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createHandler } from 'rerank-wasm/edge';

const messages = [
  [7, '`options` must be an object; it is 7.'],
  [null, '`options` must be an object; it is null.'],
  [
    { model: 'mini' },
    '`options` has an unknown property "model"; did you mean "models"? It may have reranker, embedder, models, basePath, limits, cors, authenticate, rateLimit, authorize, onError.',
  ],
  [
    { reranker: 'bge-reranker-base' },
    '`reranker` must be options of `createReranker` or a function that creates a reranker; it is a string.',
  ],
  [{ authenticate: ['key'] }, '`authenticate` must be a function; it is an array.'],
  [{ onError: true }, '`onError` must be a function; it is true.'],
  [{ limits: 7 }, '`limits` must be an object; it is 7.'],
  [
    { limits: { bytes: 1 } },
    '`limits` has an unknown property "bytes"; it may have bodyBytes, bodySeconds, documents, tokens, queueTokens, queueBytes, waitSeconds, loadSeconds.',
  ],
  [{ limits: { documents: 0 } }, '`limits.documents` must be a positive integer; it is 0.'],
  [{ limits: { documents: '10' } }, '`limits.documents` must be a positive integer; it is a string.'],
  [
    { limits: { tokens: 10, queueTokens: 9 } },
    '`limits.queueTokens` must be at least `limits.tokens`, which is 10; it is 9.',
  ],
  [
    { limits: { bodyBytes: 10, queueBytes: 9 } },
    '`limits.queueBytes` must be at least `limits.bodyBytes`, which is 10; it is 9.',
  ],
  [
    { reranker: { modle: 'mini' } },
    '`options` has an unknown property "modle"; did you mean "model"? It may have model, hub, file, token, worker, threads, wasm, cache, idleTimeout, onProgress, onWarning, signal, scoreCache.',
  ],
  ...[
    ['/api/', '"/api/"'],
    ['api', '"api"'],
    ['/', '"/"'],
    ['//api', '"//api"'],
    ['/a/../b', '"/a/../b"'],
    ['/api?x', '"/api?x"'],
    ['/é', '"/é"'],
    ['https://page.example/api', '"https://page.example/api"'],
    [7, '7'],
  ].map(([basePath, found]) => [
    { basePath },
    `\`basePath\` must be a path such as /api, without a slash at its end; it is ${found}.`,
  ]),
  [{ models: 'mine' }, '`models` must be an array of names or an object of models by name; it is a string.'],
  [{ models: [] }, '`models` must be an array of one or more names; it is an empty array.'],
  [{ models: ['mine', ''] }, '`models[1]` must be a name; it is an empty string.'],
  [{ cors: true }, '`cors` must be an object; it is true.'],
  [{ cors: { origin: '*' } }, '`cors` has an unknown property "origin"; did you mean "origins"? It may have origins.'],
  [{ cors: { origins: 'https://page.example' } }, "`cors.origins` must be '*' or an array of origins; it is a string."],
  [
    { cors: { origins: ['https://page.example/'] } },
    '`cors.origins[0]` must be an origin such as https://example.org; it is "https://page.example/".',
  ],
  [
    { cors: { origins: ['https://page.example', 7] } },
    '`cors.origins[1]` must be an origin such as https://example.org; it is 7.',
  ],
];

describe('an error of the options of a handler says what was found and what is expected', () => {
  for (const [options, message] of messages) {
    it(message, () => assert.throws(() => createHandler(options), { code: 'invalid_input', message }));
  }
});
