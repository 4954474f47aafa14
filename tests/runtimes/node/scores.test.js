import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
import { tiny } from '../../support/models/tiny.js';
import { miniDirectory } from '../../support/paths.js';

const query = 'What is the capital of France?';
const long = `Paris is the capital of France. ${'Many people live there. '.repeat(200)}`;
const documents = ['Giraffes are tall.', 'Paris is the capital of France.', 'Giraffes are tall.', long];

/** A cache that holds text, as one outside the process does. */
function scoreCache() {
  const kept = new Map();
  const asked = [];
  return {
    asked,
    get: async (keys) => {
      const found = keys.map((key) => JSON.parse(kept.get(key) ?? 'null'));
      asked.push(found.filter((score) => score !== null).length);
      return found;
    },
    set: async (entries) => {
      for (const [key, score] of entries) kept.set(key, JSON.stringify(score));
    },
  };
}

describe('scores', () => {
  it('of equal texts are equal, and cost one pass through the model', async () => {
    const reranker = await createReranker({ model: mini });
    const alone = await reranker.rerank(query, documents.slice(1), { longDocuments: 'chunk' });
    const results = await reranker.rerank(query, documents, { longDocuments: 'chunk' });
    assert.deepEqual(
      results.map(({ index }) => index),
      [1, 3, 0, 2],
    );
    const { index: _, ...first } = results[2];
    const { index: __, ...second } = results[3];
    assert.deepEqual(first, second);
    assert.deepEqual(
      results.slice(0, 3).map(({ logit }) => logit),
      alone.map(({ logit }) => logit),
    );
    await reranker.dispose();
  });

  it('below `minScore` are left out', async () => {
    const reranker = await createReranker({ model: mini });
    const results = await reranker.rerank(query, documents, { minScore: 0.5 });
    assert.deepEqual(
      results.map(({ index }) => index),
      [1, 3],
    );
    await reranker.dispose();
  });

  it('come from a cache for a reranker that was created later, with the same bits', async () => {
    const cache = scoreCache();
    const warnings = [];
    const options = { scoreCache: cache, onWarning: (warning) => warnings.push(warning) };
    const ranked = [];
    // The same model by its package and from its directory, and with any number of threads.
    for (const more of [{ model: mini }, { model: miniDirectory, threads: 2 }]) {
      const reranker = await createReranker({ ...options, ...more });
      for (const longDocuments of ['truncate', 'chunk']) {
        ranked.push(await reranker.rerank(query, documents, { longDocuments }));
      }
      await reranker.dispose();
    }
    assert.deepEqual(ranked.slice(2), ranked.slice(0, 2));
    assert.deepEqual(cache.asked, [0, 0, 3, 3]);
    const other = await createReranker({ ...options, model: tiny });
    await other.rerank(query, documents);
    await other.dispose();
    assert.equal(cache.asked.at(-1), 0);
    assert.deepEqual(warnings, []);
  });

  it('come from a cache without a load of a model that was freed', async () => {
    const reranker = await createReranker({ model: tiny, scoreCache: scoreCache(), idleTimeout: 10 });
    const first = await reranker.rerank(query, documents);
    while ((await reranker.statistics()).memoryBytes > 0) await sleep(5);
    assert.deepEqual(await reranker.rerank(query, documents), first);
    assert.equal((await reranker.statistics()).memoryBytes, 0);
    await reranker.dispose();
  });
});
