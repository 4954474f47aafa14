import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createReranker } from 'rerank-wasm';

import { rejectsWith } from '../support/assertions.js';
import { engineThatTraps } from '../support/engine.js';
import { tiny } from '../support/tiny.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

describe('the memory of an engine', () => {
  const memories = [];
  const { instantiate } = WebAssembly;
  before(() => {
    WebAssembly.instantiate = async (...parameters) => {
      const instance = await instantiate(...parameters);
      // Node has instances of its own.
      if (instance.exports?.engine_start) memories.push(new WeakRef(instance.exports.memory));
      return instance;
    };
  });
  after(() => {
    WebAssembly.instantiate = instantiate;
  });

  async function held() {
    for (let round = 0; round < 3; round += 1) {
      await new Promise(setImmediate);
      collect();
    }
    return memories.splice(0).filter((memory) => memory.deref()).length;
  }

  it('goes when its reranker is disposed, though that is still held', async () => {
    const reranker = await createReranker({ model: tiny });
    const running = reranker.rerank('query', Array(50).fill('text '.repeat(300)));
    const failure = rejectsWith(running, 'disposed');
    await reranker.dispose();
    await failure;
    assert.equal(memories.length, 1);
    assert.equal(await held(), 0);
    await rejectsWith(reranker.rerank('query', ['text']), 'disposed');
  });

  it('goes when another takes its place', async () => {
    const reranker = await createReranker({ model: tiny, wasm: await engineThatTraps(2) });
    for (let round = 0; round < 3; round += 1) {
      const calls = [1, 2].map(() => reranker.rerank('query', ['text']));
      const codes = (await Promise.allSettled(calls)).map(({ reason }) => reason?.code);
      assert.deepEqual(codes, [undefined, 'internal']);
    }
    await reranker.statistics();
    assert.equal(memories.length, 4);
    assert.equal(await held(), 1);
    await reranker.dispose();
  });
});
