import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  checkCallback,
  checkCount,
  checkOptions,
  checkSignal,
  describeValue,
  invalidChoice,
} from '#internal/common/check.js';
import { sentence, withReason } from '#internal/common/errors.js';
import { nearestName } from '#internal/common/nearest.js';

describe('a refused option', () => {
  const refusals = [
    [() => checkOptions(null, ['topN']), '`options` must be an object; it is null.'],
    [() => checkOptions([], ['topN']), '`options` must be an object; it is an empty array.'],
    [
      () => checkOptions({ topn: 1 }, ['topN', 'signal']),
      '`options` has an unknown property "topn"; did you mean "topN"? It may have topN, signal.',
    ],
    [
      () => checkOptions({ colour: 1 }, ['topN', 'signal'], 'reading'),
      '`reading` has an unknown property "colour"; it may have topN, signal.',
    ],
    [() => checkCount(1.5, 'topN'), '`topN` must be a positive integer; it is 1.5.'],
    [() => checkCount('3', 'topN'), '`topN` must be a positive integer; it is a string.'],
    [() => checkCallback(true, 'onProgress'), '`onProgress` must be a function; it is true.'],
    [() => checkSignal({}), '`signal` must be an AbortSignal; it is an object.'],
    [() => checkSignal(new AbortController()), '`signal` must be an AbortSignal; it is an AbortController.'],
  ];
  for (const [check, message] of refusals) {
    it(`is named with what was found: ${message}`, () => assert.throws(check, { code: 'invalid_input', message }));
  }

  it('quotes a short word that is none of a few, and nothing longer', () => {
    const refusal = (value) => invalidChoice('activation', "'sigmoid' or 'none'", value).message;
    assert.equal(refusal('softmax'), "`activation` must be 'sigmoid' or 'none'; it is 'softmax'.");
    assert.equal(refusal('a private text'), "`activation` must be 'sigmoid' or 'none'; it is a string.");
    assert.equal(refusal('x'.repeat(25)), "`activation` must be 'sigmoid' or 'none'; it is a string.");
    assert.equal(refusal(7), "`activation` must be 'sigmoid' or 'none'; it is 7.");
  });

  const values = [
    ['a private text', 'a string'],
    ['', 'an empty string'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [false, 'false'],
    [10n, 'a bigint'],
    [Symbol('private'), 'a symbol'],
    [() => 'private', 'a function'],
    [['private'], 'an array'],
    [{ text: 'private' }, 'an object'],
    [Object.create(null), 'an object'],
    [new Date(), 'a Date'],
    [new ArrayBuffer(1), 'an ArrayBuffer'],
    [new URL('https://example.org'), 'a URL'],
  ];
  for (const [value, description] of values) {
    it(`describes ${description} without its content`, () => assert.equal(describeValue(value), description));
  }
});

describe('the nearest name', () => {
  const known = ['topN', 'returnDocuments', 'longDocuments', 'maxTokens', 'hub', 'cache'];
  const misspelt = {
    top_n: 'topN',
    'top-n': 'topN',
    topK: 'topN',
    returnDocs: 'returnDocuments',
    longDocument: 'longDocuments',
    MAXTOKENS: 'maxTokens',
    maxTokns: 'maxTokens',
    hbu: 'hub',
    chace: 'cache',
  };
  for (const [name, expected] of Object.entries(misspelt)) {
    it(`of ${name} is ${expected}`, () => assert.equal(nearestName(name, known), expected));
  }

  it('is none where no name is similar, and where the name is long', () => {
    for (const name of ['', 'x', 'batchSize', 'topN'.repeat(20)]) assert.equal(nearestName(name, known), undefined);
    assert.equal(nearestName('topN', []), undefined);
  });
});

describe('a sentence', () => {
  it('begins with a capital letter or a name, and ends with one full stop', () => {
    assert.equal(sentence('the file ended'), 'The file ended.');
    assert.equal(sentence('model file: it is empty'), 'Model file: it is empty.');
    assert.equal(sentence('https://host/model is missing'), 'https://host/model is missing.');
    assert.equal(sentence(' Quota exceeded.\n'), 'Quota exceeded.');
    assert.equal(sentence('`wasm` is missing'), '`wasm` is missing.');
    assert.equal(sentence('config.json is missing!'), 'config.json is missing!');
  });

  it('takes the reason from what was thrown', () => {
    assert.equal(withReason('The cache failed', new Error('no room')), 'The cache failed: no room.');
    assert.equal(withReason('The cache failed', 'no room.'), 'The cache failed: no room.');
  });
});
