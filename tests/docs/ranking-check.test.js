import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { tiny } from '../support/models/tiny.js';
import { codeBlocks } from './markdown.js';
import { read } from './paths.js';

/** Runs the page's check on a reranker. */
async function check(reranker) {
  const [{ code }] = codeBlocks(read('docs/is-it-ranking.md')).filter(({ language }) => language === 'js');
  assert.equal(code.trim().split('\n').length, 3);
  const AsyncFunction = check.constructor;
  await new AsyncFunction('reranker', code)(reranker);
}

async function checkModel(model) {
  const reranker = await createReranker({ model });
  try {
    await check(reranker);
  } finally {
    await reranker.dispose();
  }
}

describe('the check in docs/is-it-ranking.md', () => {
  it('passes a model that ranks', () => checkModel(mini));

  it('refuses a model with random weights', () => assert.rejects(checkModel(tiny), /does not rank/));

  it('refuses the scores of a softmax over one number', async () => {
    const rerank = async (_, passages) => passages.map((_, index) => ({ index, score: 1, logit: 1 }));
    await assert.rejects(check({ rerank }), /does not rank/);
  });
});
