import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CachedScores } from '#internal/reranker/cached-scores.js';
import { ClientReranker } from '#internal/reranker/client.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeBackend, scoreOf } from '../../support/models/fake-backend.js';

/** A cache as a service has one: asynchronous, and its values are text. It notes its calls. */
function scoreCache(kept = new Map()) {
  const noted = [];
  return {
    kept,
    noted,
    async get(keys) {
      noted.push(['get', keys.length]);
      return keys.map((key) => JSON.parse(kept.get(key) ?? 'null'));
    },
    async set(entries) {
      noted.push(['set', entries.length]);
      for (const [key, score] of entries) kept.set(key, JSON.stringify(score));
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function cached(backend, cache) {
  const warnings = [];
  const scores = new CachedScores(backend, cache, (warning) => warnings.push(warning), { pause: turn });
  return { reranker: new ClientReranker(scores), warnings };
}

/** The texts that a backend received, apart from those that tell the model. */
const scoredBy = ({ noted }) => noted.calls.slice(1).flat();

describe('a cache of scores', () => {
  it('saves scoring a text again, with the same results', async () => {
    const backend = fakeBackend({
      change: (score, text) => (text === 'b' ? { ...score, window: { start: 1, end: 2 } } : score),
    });
    const cache = scoreCache();
    const { reranker, warnings } = cached(backend, cache);
    const first = await reranker.rerank('query', ['a', 'b', 'a']);
    const again = await reranker.rerank('query', ['a', 'b', 'a']);
    assert.deepEqual(again, first);
    assert.deepEqual(scoredBy(backend), ['a', 'b']);
    assert.deepEqual(cache.noted, [
      ['get', 2],
      ['set', 2],
      ['get', 2],
    ]);
    for (const key of cache.kept.keys()) assert.match(key, /^[0-9a-f]{64}$/);
    assert.deepEqual(warnings, []);
  });

  it('leaves other texts to the model; documents arrive in the order of the list', async () => {
    const backend = fakeBackend();
    const { reranker } = cached(backend, scoreCache());
    await reranker.rerank('query', ['bb', 'dddd']);
    const seen = [];
    const onProgress = ({ done }) => seen.push(done);
    const order = [];
    for await (const { index, logit } of reranker.stream('query', ['a', 'bb', 'ccc', 'dddd'], { onProgress })) {
      order.push([index, logit]);
    }
    assert.deepEqual(order, [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.deepEqual(scoredBy(backend), ['bb', 'dddd', 'a', 'ccc']);
  });

  it('keeps queries, limits and windows apart', async () => {
    const backend = fakeBackend();
    const { reranker } = cached(backend, scoreCache());
    await reranker.rerank('query', ['a']);
    await reranker.rerank('another query', ['a']);
    await reranker.rerank('query', ['a'], { maxTokens: 64 });
    await reranker.rerank('query', ['a'], { longDocuments: 'chunk' });
    await reranker.rerank('query', ['a'], { activation: 'none', topN: 1 });
    assert.equal(scoredBy(backend).length, 4);
  });

  it('keeps models apart, and recognises the same model elsewhere', async () => {
    const cache = scoreCache();
    const use = async (backend) => {
      await cached(backend, cache).reranker.rerank('query', ['a']);
      return scoredBy(backend).length;
    };
    assert.equal(await use(fakeBackend()), 1);
    assert.equal(await use(fakeBackend()), 0);
    assert.equal(await use(fakeBackend({ change: (score) => ({ ...score, logit: score.logit + 1 }) })), 1);
    assert.equal(await use(fakeBackend({ change: (score) => ({ ...score, tokens: 5 }) })), 1);
  });

  it('may be synchronous', async () => {
    const kept = new Map();
    const cache = {
      get: (keys) => keys.map((key) => kept.get(key)),
      set: (entries) => entries.map(([key, score]) => kept.set(key, score)),
    };
    const backend = fakeBackend();
    const { reranker, warnings } = cached(backend, cache);
    for (const _ of [1, 2]) await reranker.rerank('query', ['a']);
    assert.deepEqual([scoredBy(backend), warnings], [['a'], []]);
    assert.deepEqual([...kept.values()], [scoreOf('a')]);
  });

  for (const [what, broken, message] of [
    [
      'throws',
      { get: () => assert.fail('no connection') },
      /`scoreCache` failed: no connection.* scored without it\.$/,
    ],
    ['rejects', { get: async () => assert.fail('no connection') }, /no connection/],
    ['returns nothing', { get: async () => undefined }, /`get` must return an array of 2; it returned undefined/],
    ['returns too few', { get: async () => [null] }, /an array of 2; it returned an array/],
    ['returns numbers', { get: async () => [1, 2] }, /must return what `set` received; it returned 1/],
    ['returns other objects', { get: async () => [null, { logit: '7' }] }, /it returned an object/],
    ['cannot keep', { set: async () => assert.fail('read only') }, /read only. The scores are not kept\.$/],
  ]) {
    it(`that ${what} is a warning, and fails no ranking`, async () => {
      const { reranker, warnings } = cached(fakeBackend(), { ...scoreCache(), ...broken });
      const results = await reranker.rerank('query', ['a', 'bb']);
      assert.deepEqual(
        results.map(({ logit }) => logit),
        [2, 1],
      );
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['score_cache_failed'],
      );
      assert.match(warnings[0].message, message);
    });
  }

  it('that never answers ends with the signal', async () => {
    const { reranker } = cached(fakeBackend(), { ...scoreCache(), get: () => new Promise(() => {}) });
    const controller = new AbortController();
    const running = reranker.rerank('query', ['a'], { signal: controller.signal });
    setImmediate(() => controller.abort());
    await rejectsWith(running, 'aborted');
  });

  it('lets other work run while the keys of long texts are computed, and ends with the signal', async () => {
    const cache = scoreCache();
    const { reranker } = cached(fakeBackend(), cache);
    const texts = Array.from({ length: 10 }, (_, index) => `${index}${'x'.repeat(1 << 19)}`);
    const controller = new AbortController();
    const running = reranker.rerank('query', texts, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await rejectsWith(running, 'aborted');
    await turn();
    assert.deepEqual(cache.noted, []);
    assert.equal((await reranker.rerank('query', texts)).length, texts.length);
  });

  it('gets the scores of a call that failed halfway', async () => {
    const cache = scoreCache();
    const backend = fakeBackend();
    const { reranker } = cached(backend, cache);
    const onProgress = ({ done }) => {
      if (done === 2) throw new Error('enough');
    };
    await assert.rejects(reranker.rerank('query', ['a', 'bb', 'ccc'], { onProgress }), /enough/);
    await turn();
    await reranker.rerank('query', ['bb', 'a']);
    assert.deepEqual(scoredBy(backend), ['a', 'bb', 'ccc']);
  });

  it('reports an error of `onProgress` as the caller’s, for kept scores too', async () => {
    const { reranker } = cached(fakeBackend(), scoreCache());
    await reranker.rerank('query', ['a']);
    const onProgress = () => {
      throw new Error('enough');
    };
    await rejectsWith(reranker.rerank('query', ['a'], { onProgress }), 'invalid_input', /`onProgress` threw: enough/);
  });

  it('answers nothing once the reranker is disposed', async () => {
    const { reranker } = cached(fakeBackend(), scoreCache());
    await reranker.rerank('query', ['a']);
    await reranker.dispose();
    await rejectsWith(reranker.rerank('query', ['a']), 'disposed');
  });
});
