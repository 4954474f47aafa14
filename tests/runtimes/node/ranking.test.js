import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { order } from '../../support/asserts/assertions.js';
import { useMini } from '../../support/models/mini.js';

const query = 'What is the capital of France?';
const documents = [
  'The giraffe is the tallest living land animal.',
  'Paris is the capital of France.',
  'Berlin is the capital of Germany.',
];

describe('ranking', () => {
  const mini = useMini();

  it('puts the answer first', async () => {
    const results = await mini().rerank(query, documents);
    assert.deepEqual(order(results), [1, 2, 0]);
    for (const { logit, score, truncated, tokens, ...rest } of results) {
      assert.ok(Math.abs(score - 1 / (1 + Math.exp(-logit))) < 1e-15);
      assert.equal(truncated, false);
      assert.ok(Number.isInteger(tokens) && tokens > 10);
      assert.deepEqual(Object.keys(rest), ['index']);
    }
  });

  it('returns the same logit for a pair whatever its neighbours are', async () => {
    const [alone] = await mini().rerank(query, [documents[1]]);
    const together = await mini().rerank(query, [...documents, 'word '.repeat(300)]);
    assert.equal(together.find(({ index }) => index === 1).logit, alone.logit);
  });

  it('orders ties by index', async () => {
    const results = await mini().rerank(query, ['same', documents[1], 'same', 'same']);
    assert.deepEqual(order(results), [1, 0, 2, 3]);
    assert.equal(new Set(results.slice(1).map(({ logit }) => logit)).size, 1);
  });

  it('returns the best topN, and all where topN is more', async () => {
    assert.deepEqual(order(await mini().rerank(query, documents, { topN: 2 })), [1, 2]);
    assert.deepEqual(order(await mini().rerank(query, documents, { topN: 99 })), [1, 2, 0]);
  });

  it('returns the documents as they were passed', async () => {
    const objects = documents.map((text, id) => ({ id, text }));
    const results = await mini().rerank(query, objects, { returnDocuments: true });
    assert.deepEqual(order(results), [1, 2, 0]);
    for (const { index, document } of results) assert.equal(document, objects[index]);
    const [mixed] = await mini().rerank(query, ['giraffe', objects[1]], { returnDocuments: true });
    assert.equal(mixed.document, objects[1]);
  });

  it('has the logit as score without activation', async () => {
    const results = await mini().rerank(query, documents, { activation: 'none' });
    for (const { score, logit } of results) assert.equal(score, logit);
    const sigmoid = await mini().rerank(query, documents, { activation: 'sigmoid' });
    assert.deepEqual(order(results), order(sigmoid));
    assert.deepEqual(sigmoid, await mini().rerank(query, documents));
  });

  it('cuts documents to maxTokens, at most to what the model takes', async () => {
    const long = 'the capital of France is Paris '.repeat(200);
    const [cut] = await mini().rerank(query, [long], { maxTokens: 32 });
    assert.deepEqual([cut.tokens, cut.truncated], [32, true]);
    const [full] = await mini().rerank(query, [long], { maxTokens: 1e6 });
    assert.deepEqual([full.tokens, full.truncated], [512, true]);
  });

  it('tells about itself', async () => {
    const { model, maxTokens, memoryBytes } = await mini().statistics();
    assert.deepEqual([model, maxTokens], ['rerank-wasm-mini', 512]);
    assert.ok(memoryBytes > 26e6 && memoryBytes < 512e6, `${memoryBytes}`);
  });
});
