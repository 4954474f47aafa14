import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { shareReranker } from '../../../pkg/dist/share.js';
import { rejectsWith } from '../support/assertions.js';

/** Rerankers that answer with their number. */
function factory() {
  const created = [];
  const create = async () => {
    const number = created.length + 1;
    const reranker = { serve: async () => [number] };
    created.push(reranker);
    return reranker;
  };
  return { created, create };
}

describe('the shared reranker', () => {
  it('is made once, by the first call', async () => {
    const { created, create } = factory();
    const rerank = shareReranker(create);
    assert.equal(created.length, 0);
    assert.deepEqual(await Promise.all([rerank('a', ['b']), rerank('a', ['b'])]), [[1], [1]]);
    assert.deepEqual(await rerank('a', ['b']), [1]);
    assert.equal(created.length, 1);
  });

  it('is not made for arguments that are wrong', async () => {
    const { created, create } = factory();
    await rejectsWith(shareReranker(create)('a', 'b'), 'invalid_input');
    assert.equal(created.length, 0);
  });

  it('is made anew after a creation that failed', async () => {
    const { create } = factory();
    let attempts = 0;
    const rerank = shareReranker(async () => {
      attempts += 1;
      if (attempts === 1) throw new RerankError('download_failed', 'offline');
      return create();
    });
    const both = [rerank('a', ['b']), rerank('a', ['b'])];
    await Promise.all(both.map((call) => rejectsWith(call, 'download_failed')));
    assert.deepEqual(await rerank('a', ['b']), [1]);
  });

  it('does not make a call wait whose signal speaks while it is made', async () => {
    const controller = new AbortController();
    const rerank = shareReranker(() => new Promise(() => {}));
    const call = rerank('a', ['b'], { signal: controller.signal });
    controller.abort();
    await rejectsWith(call, 'aborted');
  });
});
