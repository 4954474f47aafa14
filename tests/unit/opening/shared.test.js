import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { rerankWith } from '#internal/entry.js';
import { patienceSeconds, SharedModel } from '#internal/opening/shared.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

/** Makes a backend that gives every document its number. */
function backendWith(number, dispose) {
  const run = async ({ texts, onResult }) => {
    for (const index of texts.keys()) onResult({ index, logit: number });
  };
  return { run, dispose };
}

/** Returns the shared `rerank` with these creations. It resolves to the number of the backend that served it. */
function numbering(create) {
  const rerank = rerankWith(create);
  return async (...call) => (await rerank(...call))[0].logit;
}

/** Makes backends that answer with their number. */
function factory() {
  const created = [];
  const create = async () => {
    const number = created.length + 1;
    const backend = backendWith(number);
    created.push(backend);
    return backend;
  };
  return { created, create };
}

describe('the shared reranker', () => {
  it('is made once, by the first call', async () => {
    const { created, create } = factory();
    const rerank = numbering(create);
    assert.equal(created.length, 0);
    assert.deepEqual(await Promise.all([rerank('a', ['b']), rerank('a', ['b'])]), [1, 1]);
    assert.equal(await rerank('a', ['b']), 1);
    assert.equal(created.length, 1);
  });

  it('is not made for arguments that are wrong', async () => {
    const { created, create } = factory();
    await rejectsWith(rerankWith(create)('a', 'b'), 'invalid_input');
    assert.equal(created.length, 0);
  });

  it('is made anew after a creation that failed', async () => {
    const { create } = factory();
    let attempts = 0;
    const rerank = numbering(async () => {
      attempts += 1;
      if (attempts === 1) throw new RerankError('download_failed', 'offline');
      return create();
    });
    const both = [rerank('a', ['b']), rerank('a', ['b'])];
    await Promise.all(both.map((call) => rejectsWith(call, 'download_failed')));
    assert.equal(await rerank('a', ['b']), 1);
  });

  it('does not make a call wait when its signal aborts during the creation', async () => {
    const controller = new AbortController();
    const rerank = rerankWith(() => new Promise(() => {}));
    const call = rerank('a', ['b'], { signal: controller.signal });
    controller.abort();
    await rejectsWith(call, 'aborted');
  });
});

describe('the shared reranker of an isolate, where a creation can die with the request that began it', () => {
  const { now } = Date;
  afterEach(() => {
    Date.now = now;
  });

  /** Moves the clock forward by this many seconds. */
  function pass(seconds) {
    const earlier = Date.now;
    Date.now = () => earlier() + seconds * 1000;
  }

  /** Makes a shared reranker. The test decides when each creation ends. */
  function slow({ mortal }) {
    const created = [];
    const create = () =>
      new Promise((resolve) => {
        const number = created.length + 1;
        const creation = { disposed: false };
        const backend = backendWith(number, async () => {
          creation.disposed = true;
        });
        creation.comes = () => resolve(backend);
        created.push(creation);
      });
    const rerank = numbering(mortal ? Object.assign(create, { [patienceSeconds]: 60 }) : create);
    return { created, rank: () => rerank('a', ['b']) };
  }

  it('is made by one of the calls that follow, where it has not come after a minute', async () => {
    const { created, rank } = slow({ mortal: true });
    rank();
    pass(59);
    rank();
    assert.equal(created.length, 1);
    pass(2);
    const calls = [rank(), rank()];
    assert.equal(created.length, 2);
    created[1].comes();
    assert.deepEqual(await Promise.all(calls), [2, 2]);
    pass(61);
    assert.equal(await rank(), 2);
    assert.equal(created.length, 2);
  });

  it('is disposed of where it comes when there is another, which serves those who have waited for it', async () => {
    const { created, rank } = slow({ mortal: true });
    const early = rank();
    pass(61);
    const late = rank();
    created[1].comes();
    assert.equal(await late, 2);
    created[0].comes();
    assert.equal(await early, 2);
    assert.deepEqual(
      created.map(({ disposed }) => disposed),
      [true, false],
    );
  });

  it('is the first that comes, where it was only slow', async () => {
    const { created, rank } = slow({ mortal: true });
    const early = rank();
    pass(61);
    const late = rank();
    created[0].comes();
    assert.equal(await early, 1);
    assert.equal(await rank(), 1);
    created[1].comes();
    assert.equal(await late, 1);
    assert.deepEqual(
      created.map(({ disposed }) => disposed),
      [false, true],
    );
  });

  it('reaches those who waited for a late one, also if it is forgotten while the late one is disposed', async () => {
    const arrivals = [];
    const shared = new SharedModel(() => new Promise((resolve) => arrivals.push(resolve)), { patience: 60 });
    const late = shared.get();
    pass(61);
    const early = shared.get();
    const kept = { dispose: async () => {} };
    arrivals[1](kept);
    assert.equal(await early, kept);
    arrivals[0]({ dispose: () => shared.forget(kept) });
    assert.equal(await late, kept);
    assert.equal(shared.made, undefined);
  });

  it('is waited for as long as it takes elsewhere', async () => {
    const { created, rank } = slow({ mortal: false });
    const calls = [rank()];
    pass(3600);
    calls.push(rank());
    assert.equal(created.length, 1);
    created[0].comes();
    assert.deepEqual(await Promise.all(calls), [1, 1]);
  });
});
