import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { collectGarbage } from '../../support/asserts/collect.js';
import { engineThatTraps } from '../../support/models/engine.js';
import { tiny } from '../../support/models/tiny.js';

describe('the memory of an engine', () => {
  const memories = [];
  const { instantiate } = WebAssembly;
  before(() => {
    WebAssembly.instantiate = async (...parameters) => {
      const instance = await instantiate(...parameters);
      // Node instantiates modules for its own use, too.
      if (instance.exports?.model_start) memories.push(new WeakRef(instance.exports.memory));
      return instance;
    };
  });
  after(() => {
    WebAssembly.instantiate = instantiate;
  });

  /** Waits until at most `count` of the memories so far are held. */
  async function noMoreThan(count) {
    const held = () => memories.filter((memory) => memory.deref()).length;
    for (let round = 0; held() > count && round < 20; round += 1) await collectGarbage();
    assert.equal(held(), count);
    memories.length = 0;
  }

  it('goes when its reranker is disposed, though that is still held', async () => {
    const reranker = await createReranker({ model: tiny, worker: false });
    const running = reranker.rerank(
      'query',
      Array.from({ length: 50 }, (_, index) => `${index} ${'text '.repeat(300)}`),
    );
    const failure = rejectsWith(running, 'disposed');
    await reranker.dispose();
    await failure;
    assert.equal(memories.length, 1);
    await noMoreThan(0);
    await rejectsWith(reranker.rerank('query', ['text']), 'disposed');
  });

  it('goes when another takes its place', async () => {
    const reranker = await createReranker({ model: tiny, worker: false, wasm: await engineThatTraps(2) });
    // These lines are a function because its end releases its variables.
    const breakOnce = async () => {
      const calls = [1, 2].map(() => reranker.rerank('query', ['text']));
      const codes = (await Promise.allSettled(calls)).map(({ reason }) => reason?.code);
      assert.deepEqual(codes, [undefined, 'internal']);
    };
    for (let round = 0; round < 3; round += 1) await breakOnce();
    await reranker.statistics();
    assert.equal(memories.length, 4);
    await noMoreThan(1);
    await reranker.dispose();
  });
});
