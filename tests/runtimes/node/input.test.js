import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createReranker, RerankError, rerank, rerankErrorCodes } from 'rerank-wasm';
import { order, rejectsWith } from '../../support/asserts/assertions.js';
import { useMini } from '../../support/models/mini.js';

const badCalls = [
  ['an empty query', /query/, ['', ['text']]],
  ['a query of white space', /query/, [' \n\t\u00a0', ['text']]],
  ['a query that is no string', /query/, [42, ['text']]],
  ['no query', /query/, []],
  ['documents that are no list', /^`documents` must be an array /, ['query', 'text']],
  ['no documents', /^`documents` must be an array /, ['query']],
  ['a document that is no text', /documents\[1\]/, ['query', ['text', 7]]],
  ['a document that is null', /documents\[0\]/, ['query', [null]]],
  ['a hole in the list', /documents\[0\]/, ['query', new Array(2)]],
  ['an object without text', /documents\[2\]/, ['query', ['text', { text: '' }, { title: 'x' }]]],
  ['an object with a text that is no string', /documents\[0\]/, ['query', [{ text: ['x'] }]]],
  ['topN 0', /topN/, ['query', ['text'], { topN: 0 }]],
  ['a broken topN', /topN/, ['query', ['text'], { topN: 1.5 }]],
  ['topN as text', /topN/, ['query', ['text'], { topN: '3' }]],
  ['topN without end', /topN/, ['query', ['text'], { topN: Number.POSITIVE_INFINITY }]],
  ['topN null', /topN/, ['query', ['text'], { topN: null }]],
  ['maxTokens 0', /maxTokens/, ['query', ['text'], { maxTokens: 0 }]],
  ['maxTokens that leave no room', /room/, ['query', ['text'], { maxTokens: 5 }]],
  ['an unknown activation', /activation/, ['query', ['text'], { activation: 'softmax' }]],
  ['returnDocuments as text', /returnDocuments/, ['query', ['text'], { returnDocuments: 'yes' }]],
  ['a signal that is none', /signal/, ['query', ['text'], { signal: {} }]],
  ['onProgress that is no function', /onProgress/, ['query', ['text'], { onProgress: true }]],
  ['an unknown option', /"top_n"/, ['query', ['text'], { top_n: 1 }]],
  ['options that are no object', /options/, ['query', ['text'], 3]],
  ['options that are null', /options/, ['query', ['text'], null]],
];

const badOptions = [
  ['an unknown option', /"modle"/, { modle: 'x' }],
  ['a model that is no model', /model/, { model: 5 }],
  ['a URL that has nothing below it', /data:/, { model: new URL('data:,x') }],
  ['a file: URL of another host', /host/, { model: 'file://server/share' }],
  ['a file: URL with an encoded slash', /%2F|encoded/, { model: new URL('file:///a%2Fb') }],
  [
    'a file at such a URL',
    /host/,
    { model: { name: 'x', files: { model: new Uint8Array(1), tokenizer: 'file://server/tokenizer.json' } } },
  ],
  ['a source without a name', /name/, { model: { files: {} } }],
  ['a source without files', /files/, { model: { name: 'x' } }],
  ['a source without a tokenizer', /tokenizer/, { model: { name: 'x', files: { model: new Uint8Array(1) } } }],
  [
    'a relative URL of a file',
    /tokenizer/,
    { model: { name: 'x', files: { model: 'https://host/m', tokenizer: 't.json' } } },
  ],
  ['an unknown file', /"merges"/, { model: { name: 'x', files: { merges: 'https://host/merges' } } }],
  [
    'a size below zero',
    /size/,
    { model: { name: 'x', files: { tokenizer: { location: new Uint8Array(1), size: -1 } } } },
  ],
  [
    'a hash that is none',
    /sha256/,
    { model: { name: 'x', files: { tokenizer: { location: new Uint8Array(1), sha256: 'F0' } } } },
  ],
  ['a hub that is no URL', /hub/, { hub: 'mirror' }],
  ['a hub for a model that is not on it', /hub/, { hub: 'https://host', model: 'https://host/model' }],
  ['worker as text', /worker/, { worker: 'yes' }],
  ['wasm that is no engine', /wasm/, { wasm: { name: 'rerank.wasm' } }],
  ['a signal that is none', /signal/, { signal: true }],
  ['onProgress that is no function', /onProgress/, { onProgress: 'log' }],
  ['options that are no object', /options/, 'bge-reranker-base'],
];

describe('input', () => {
  const mini = useMini();

  for (const [what, message, call] of badCalls) {
    it(`rerank refuses ${what}`, () => rejectsWith(mini().rerank(...call), 'invalid_input', message));
  }

  for (const [what, message, options] of badOptions) {
    it(`createReranker refuses ${what}`, () => rejectsWith(createReranker(options), 'invalid_input', message));
  }

  it('the shared rerank refuses the same before it loads anything', async () => {
    await rejectsWith(rerank('', ['text']), 'invalid_input');
    await rejectsWith(rerank('query', ['text'], { signal: AbortSignal.abort() }), 'aborted');
  });

  it('the small model is no name here, and the message says where it is', () =>
    rejectsWith(createReranker({ model: 'mini' }), 'model_not_found', /import mini from 'rerank-wasm-mini'/));

  it('no documents give no results', async () => {
    assert.deepEqual(await mini().rerank('query', []), []);
    assert.deepEqual(await mini().rerank('query', [], { topN: 3 }), []);
  });

  it('options may be undefined', async () => {
    const results = await mini().rerank('query', ['text'], {
      topN: undefined,
      signal: undefined,
      onProgress: undefined,
    });
    assert.equal(results.length, 1);
  });

  it('an empty document is scored', async () => {
    const [{ logit, truncated }] = await mini().rerank('query', ['']);
    assert.ok(Number.isFinite(logit));
    assert.equal(truncated, false);
  });

  it('a document of a megabyte is cut', async () => {
    const results = await mini().rerank('What is the capital of France?', [
      'word '.repeat(200_000),
      'Paris is the capital of France.',
    ]);
    assert.deepEqual(order(results), [1, 0]);
    assert.deepEqual([results[1].tokens, results[1].truncated], [512, true]);
  });

  it('lone surrogates count as replacement characters', async () => {
    const results = await mini().rerank('query \ud800', ['text \udc00', 'text \ufffd']);
    assert.deepEqual(order(results), [0, 1]);
    assert.equal(results[0].logit, results[1].logit);
  });

  it('emoji, right-to-left text, controls and zeros are text', async () => {
    const documents = ['👩‍👩‍👧 🇫🇷', 'مرحبا', '日本語', '\u0000\u0007', '<mask></s>', 'e\u0301'];
    const results = await mini().rerank('naïve\u0000', documents);
    assert.equal(results.length, documents.length);
    for (const { logit } of results) assert.ok(Number.isFinite(logit));
  });

  it('ranks 1,000 documents', async () => {
    const documents = Array.from({ length: 1000 }, (_, index) => `${index % 10}`);
    const results = await mini().rerank('5', documents);
    assert.equal(new Set(order(results)).size, 1000);
    for (const [place, { logit }] of results.entries()) assert.ok(place === 0 || logit <= results[place - 1].logit);
  });

  it('errors carry a code out of a closed list, a message and a cause', () => {
    assert.equal(rerankErrorCodes.length, new Set(rerankErrorCodes).size);
    assert.ok(rerankErrorCodes.includes('aborted'));
    const error = new RerankError('aborted', 'text', { cause: 1 });
    assert.deepEqual([error.name, error.code, error.message, error.cause], ['RerankError', 'aborted', 'text', 1]);
    assert.ok(error instanceof Error);
  });
});
