import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ClientReranker } from '#internal/reranker/client.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeBackend } from '../../support/models/fake-backend.js';

async function collect(stream) {
  const results = [];
  for await (const result of stream) results.push(result);
  return results;
}

const brief = (results) => results.map(({ index, logit }) => [index, logit]);

describe('a text that occurs several times in a list', () => {
  const documents = ['four', 'a', { text: 'four' }, 'a', 'four', 'seventh'];

  it('is scored once, and each document has its result', async () => {
    const backend = fakeBackend();
    const results = await new ClientReranker(backend).rerank('query', documents, { returnDocuments: true });
    assert.deepEqual(backend.noted.calls, [['four', 'a', 'seventh']]);
    assert.deepEqual(brief(results), [
      [5, 7],
      [0, 4],
      [2, 4],
      [4, 4],
      [1, 1],
      [3, 1],
    ]);
    for (const { index, document } of results) assert.equal(document, documents[index]);
  });

  it('counts in the progress as often as it occurs', async () => {
    const seen = [];
    const onProgress = ({ done, total }) => seen.push(`${done}/${total}`);
    await new ClientReranker(fakeBackend()).rerank('query', documents, { onProgress });
    assert.deepEqual(seen, ['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
  });

  it('is yielded each time, in the order of the list', async () => {
    const backend = fakeBackend();
    const results = await collect(new ClientReranker(backend).stream('query', documents));
    assert.deepEqual(backend.noted.calls, [['four', 'a', 'seventh']]);
    assert.deepEqual(brief(results), [
      [0, 4],
      [1, 1],
      [2, 4],
      [3, 1],
      [4, 4],
      [5, 7],
    ]);
  });

  it('has windows that the caller may change one by one', async () => {
    const backend = fakeBackend({ change: (score) => ({ ...score, window: { start: 0, end: 2 } }) });
    const results = await new ClientReranker(backend).rerank('query', ['same', 'same'], { longDocuments: 'chunk' });
    results[0].window.end = 99;
    assert.deepEqual(results[1].window, { start: 0, end: 2 });
  });

  it('fails with the error of `onProgress`', async () => {
    const onProgress = ({ done }) => {
      if (done === 3) throw new Error('no more');
    };
    const running = new ClientReranker(fakeBackend()).rerank('query', documents, { onProgress });
    await assert.rejects(running, /no more/);
  });
});

describe('`minScore`', () => {
  // A longer text has a lower score and a higher logit.
  const documents = ['', 'a', 'abc'];

  it('leaves out results with a lower score, and keeps an equal one', async () => {
    const reranker = new ClientReranker(fakeBackend());
    const kept = async (options) => brief(await reranker.rerank('query', documents, options));
    assert.deepEqual(await kept({ minScore: 0.5 }), [
      [1, 1],
      [0, 0],
    ]);
    assert.deepEqual(await kept({ minScore: 0.5, topN: 1 }), [[1, 1]]);
    assert.deepEqual(await kept({ minScore: 0 }), [
      [2, 3],
      [1, 1],
      [0, 0],
    ]);
  });

  it('is a logit without an activation', async () => {
    const reranker = new ClientReranker(fakeBackend());
    const kept = async (minScore) => brief(await reranker.rerank('query', documents, { minScore, activation: 'none' }));
    assert.deepEqual(await kept(3), [[2, 3]]);
    assert.deepEqual(await kept(4), []);
    assert.equal((await kept(-1)).length, 3);
  });

  it('leaves documents out of a stream, which count in the progress all the same', async () => {
    const seen = [];
    const options = { minScore: 0.5, onProgress: ({ done }) => seen.push(done) };
    const results = await collect(new ClientReranker(fakeBackend()).stream('query', documents, options));
    assert.deepEqual(brief(results), [
      [0, 0],
      [1, 1],
    ]);
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it('must be a number that a score can have', async () => {
    const reranker = new ClientReranker(fakeBackend());
    const refuses = (options, message) =>
      rejectsWith(reranker.rerank('query', documents, options), 'invalid_input', message);
    await refuses({ minScore: '0.5' }, /`minScore` must be a finite number; it is a string\./);
    await refuses({ minScore: Number.NaN }, /`minScore` must be a finite number; it is NaN\./);
    await refuses({ minScore: 2 }, /`minScore` must be from 0 to 1, unless `activation` is 'none'; it is 2\./);
    await refuses({ minScore: -0.1 }, /from 0 to 1/);
  });
});
