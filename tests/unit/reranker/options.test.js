import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Call } from '#internal/reranker/client.js';
import { checkRerankerOptions, checkRerankOptions } from '#internal/reranker/options.js';

const creationMessages = [
  ['bge-reranker-base', '`options` must be an object; it is a string.'],
  [[], '`options` must be an object; it is an empty array.'],
  [
    { modle: 'x' },
    '`options` has an unknown property "modle"; did you mean "model"? It may have model, hub, file, token, worker, threads, wasm, cache, idleTimeout, onProgress, onWarning, signal, scoreCache.',
  ],
  [{ worker: 'yes' }, "`worker` must be 'auto', true, false or a function that starts a Worker; it is 'yes'."],
  [{ worker: {} }, "`worker` must be 'auto', true, false or a function that starts a Worker; it is an object."],
  [{ threads: 0 }, "`threads` must be 'auto' or a positive integer; it is 0."],
  [{ threads: 1.5 }, "`threads` must be 'auto' or a positive integer; it is 1.5."],
  [{ threads: '2' }, "`threads` must be 'auto' or a positive integer; it is '2'."],
  [{ threads: null }, "`threads` must be 'auto' or a positive integer; it is null."],
  [{ wasm: 'rerank.wasm' }, '`wasm` must be a WebAssembly.Module, bytes or an absolute URL; it is a string.'],
  [{ wasm: 7 }, '`wasm` must be a WebAssembly.Module, bytes or an absolute URL; it is 7.'],
  [
    { cache: true },
    "`cache` must be 'auto', 'none', false or an object with the methods read, write, delete, list; it is true.",
  ],
  [
    { cache: new Map() },
    "`cache` must be 'auto', 'none', false or an object with the methods read, write, delete, list; it is a Map.",
  ],
  [
    { cache: { read() {}, write() {}, delete() {}, list() {}, resume: true } },
    '`cache.resume` must be a function; it is true.',
  ],
  [{ idleTimeout: 0 }, '`idleTimeout` must be a positive integer; it is 0.'],
  [{ idleTimeout: '5m' }, '`idleTimeout` must be a positive integer; it is a string.'],
  [{ scoreCache: true }, '`scoreCache` must be an object with the methods get(keys) and set(entries); it is true.'],
  [
    { scoreCache: new Map() },
    '`scoreCache` must be an object with the methods get(keys) and set(entries); it is a Map.',
  ],
  [{ onProgress: 'log' }, '`onProgress` must be a function; it is a string.'],
  [{ onWarning: [1] }, '`onWarning` must be a function; it is an array.'],
  [{ signal: new AbortController() }, '`signal` must be an AbortSignal; it is an AbortController.'],
];

const rankingMessages = [
  [null, '`options` must be an object; it is null.'],
  [
    { top_n: 1 },
    '`options` has an unknown property "top_n"; did you mean "topN"? It may have topN, minScore, returnDocuments, longDocuments, maxTokens, activation, onProgress, signal.',
  ],
  [{ topN: 0 }, '`topN` must be a positive integer; it is 0.'],
  [{ topN: '3' }, '`topN` must be a positive integer; it is a string.'],
  [{ maxTokens: Number.NaN }, '`maxTokens` must be a positive integer; it is NaN.'],
  [{ returnDocuments: 'yes' }, '`returnDocuments` must be true or false; it is a string.'],
  [{ longDocuments: 'split' }, "`longDocuments` must be 'truncate' or 'chunk'; it is 'split'."],
  [{ longDocuments: 'a text of the user' }, "`longDocuments` must be 'truncate' or 'chunk'; it is a string."],
  [{ activation: 'softmax' }, "`activation` must be 'sigmoid' or 'none'; it is 'softmax'."],
  [{ onProgress: true }, '`onProgress` must be a function; it is true.'],
  [{ signal: {} }, '`signal` must be an AbortSignal; it is an object.'],
];

const callMessages = [
  [[], '`query` must be a string; it is undefined.'],
  [['', ['text']], '`query` must have a character that is not white space; it has none.'],
  [[' \n', ['text']], '`query` must have a character that is not white space; it has none.'],
  [['query'], '`documents` must be an array of strings or of objects with a `text`; it is undefined.'],
  [['query', 'text'], '`documents` must be an array of strings or of objects with a `text`; it is a string.'],
  [['query', ['text', 7]], '`documents[1]` must be a string or an object with a `text`; it is 7.'],
  [['query', [null]], '`documents[0]` must be a string or an object with a `text`; it is null.'],
  [['query', [{ title: 'x' }]], '`documents[0].text` must be a string; it is undefined.'],
  [['query', [{ text: ['x'] }]], '`documents[0].text` must be a string; it is an array.'],
];

const refuses = (action, message) => assert.throws(action, { name: 'RerankError', code: 'invalid_input', message });

describe('an error of the options says what was found and what is expected', () => {
  for (const [options, message] of creationMessages)
    it(message, () => refuses(() => checkRerankerOptions(options), message));
  for (const [options, message] of rankingMessages)
    it(message, () => refuses(() => checkRerankOptions(options), message));
  for (const [call, message] of callMessages) it(message, () => refuses(() => new Call(...call), message));

  it('does not concern the path of an engine where there are files', () => {
    const local = { urlOf: (path) => new URL(`file:///${path}`) };
    for (const [wasm, url] of [
      ['C:\\engines\\', 'file:///C:/engines/'],
      ['engines/rerank.wasm', 'file:///engines/rerank.wasm'],
      ['https://host/rerank.wasm', 'https://host/rerank.wasm'],
    ]) {
      assert.equal(checkRerankerOptions({ wasm }, local).wasm, url);
    }
    refuses(() => checkRerankerOptions({ wasm: '' }, local), /^`wasm` must be .* it is an empty string\.$/);
    refuses(() => checkRerankerOptions({ wasm: 'C:\\engines\\' }), /^`wasm` must be .* it is a string\.$/);
  });

  it('quotes no text of the user', () => {
    for (const action of [
      () => new Call('query', { text: 'private' }),
      () => new Call('query', [{ text: { private: 'private' } }]),
      () => checkRerankOptions({ activation: 'a private text' }),
      () => checkRerankerOptions({ wasm: 'private' }),
    ]) {
      assert.throws(action, ({ message }) => !message.includes('private'));
    }
  });
});
