import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import miniModel from 'rerank-wasm-mini';

import { order, rejectsWith } from '../../support/asserts/assertions.js';
import { countingSignal } from '../../support/asserts/counting-signal.js';
import { useMini } from '../../support/models/mini.js';
import { tiny } from '../../support/models/tiny.js';

const many = Array.from({ length: 40 }, (_, index) => `document ${index}`);

describe('calls', () => {
  const mini = useMini();

  it('take turns: a short one does not wait for the end of a long one, and the bits of scores do not tell', async () => {
    const long = Array.from({ length: 500 }, (_, index) => `word ${index} `.repeat(40));
    // In place it is known which call begins first, and how far it is when the second one comes.
    const reranker = await createReranker({ model: miniModel, worker: false });
    const short = ['giraffe', 'Paris is the capital of France.'];
    let done = 0;
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: (progress) => ({ done } = progress) };
    const running = rejectsWith(reranker.rerank('query', long, options), 'aborted');
    const together = await reranker.rerank('query', short);
    const [before] = [done];
    const scored = [];
    for await (const result of reranker.stream('query', long)) {
      scored.push(result);
      if (scored.length === 3) break;
    }
    controller.abort();
    await running;
    assert.ok(before < 5, `${before} of 500 documents came before the short call`);
    assert.deepEqual(together, await reranker.rerank('query', short));
    assert.deepEqual(
      scored,
      (await reranker.rerank('query', long.slice(0, 3))).toSorted((left, right) => left.index - right.index),
    );
    await reranker.dispose();
  });

  it('take little memory each, however many there are', async () => {
    const reranker = await createReranker({ model: tiny });
    const documents = Array.from({ length: 100 }, (_, index) => `document ${index} `.repeat(500));
    await reranker.rerank('query', documents.slice(0, 2));
    const before = (await reranker.statistics()).memoryBytes;
    const controller = new AbortController();
    const calls = Array.from({ length: 50 }, () => reranker.rerank('query', documents, { signal: controller.signal }));
    let first;
    const settled = Promise.allSettled([
      ...calls,
      reranker.rerank('query', documents, {
        signal: controller.signal,
        onProgress: () => {
          first ??= reranker.statistics();
          controller.abort();
        },
      }),
    ]);
    await settled;
    const { memoryBytes } = await first;
    await reranker.dispose();
    // Each call has 650 kB of text.
    assert.ok(memoryBytes - before < 50 * 200_000, `${memoryBytes - before}`);
  });

  it('are answered in the order they came where they are alike, each as if it were alone', async () => {
    const finished = [];
    const call = (name, query, documents) =>
      mini()
        .rerank(query, documents)
        .then((results) => {
          finished.push(name);
          return results;
        });
    const [first, second, third] = await Promise.all([
      call('first', 'one', many.slice(0, 5)),
      call('second', 'two', many.slice(0, 2)),
      call('third', 'one', many.slice(0, 5)),
    ]);
    assert.deepEqual(finished, ['first', 'second', 'third']);
    assert.deepEqual(first, third);
    assert.equal(second.length, 2);
  });

  it('see their arguments as they were', async () => {
    const documents = [{ text: 'Paris is the capital of France.' }, { text: 'giraffe' }];
    const options = { returnDocuments: true };
    const promise = mini().rerank('What is the capital of France?', documents, options);
    const [first] = documents;
    first.text = 'something else';
    documents.length = 0;
    options.returnDocuments = false;
    const results = await promise;
    assert.deepEqual(order(results), [0, 1]);
    assert.equal(results[0].document, first);
  });

  it('report each document', async () => {
    const seen = [];
    await mini().rerank('query', many.slice(0, 3), { onProgress: (progress) => seen.push(progress) });
    assert.deepEqual(
      seen,
      [1, 2, 3].map((done) => ({ done, total: 3 })),
    );
  });

  it('fail when their onProgress throws, and leave the others alone', async () => {
    const cause = new Error('mine');
    const failing = mini().rerank('query', many, {
      onProgress() {
        throw cause;
      },
    });
    const other = mini().rerank('query', many.slice(0, 2));
    const error = await rejectsWith(failing, 'invalid_input', /^`onProgress` threw: mine\.$/);
    assert.equal(error.cause, cause);
    assert.equal((await other).length, 2);
  });

  it('stop before the next document when they are aborted', async () => {
    const controller = new AbortController();
    let done = 0;
    const reason = new Error('enough');
    const promise = mini().rerank('query', many, {
      signal: controller.signal,
      onProgress(progress) {
        done = progress.done;
        if (done === 2) controller.abort(reason);
      },
    });
    const error = await rejectsWith(promise, 'aborted');
    assert.equal(error.cause, reason);
    assert.equal((await mini().rerank('query', ['text'])).length, 1);
    assert.equal(done, 2);
  });

  it('hear a signal that comes from a timer', async () => {
    await rejectsWith(mini().rerank('query', many, { signal: AbortSignal.timeout(20) }), 'aborted');
  });

  it('leave the queue at once when they are aborted', async () => {
    const controller = new AbortController();
    let firstIsDone = false;
    const first = mini()
      .rerank('query', many.slice(0, 10))
      .then(() => {
        firstIsDone = true;
      });
    const queued = mini().rerank('query', many, { signal: controller.signal });
    controller.abort();
    await rejectsWith(queued, 'aborted');
    assert.equal(firstIsDone, false);
    await first;
  });

  it('do not begin with a signal that has spoken', async () => {
    await rejectsWith(mini().rerank('query', [], { signal: AbortSignal.abort() }), 'aborted');
  });

  it('leave no listener on the signal', async () => {
    const { signal, listeners } = countingSignal();
    await mini().rerank('query', ['text'], { signal });
    assert.equal(listeners(), 0);
  });
});

describe('dispose', () => {
  it('fails running, queued and later calls, and may come twice', async () => {
    const reranker = await createReranker({ model: miniModel });
    let disposed;
    const running = reranker.rerank('query', many, {
      onProgress: ({ done }) => {
        if (done === 2) disposed = reranker.dispose();
      },
    });
    const queued = reranker.rerank('query', many);
    await Promise.all([rejectsWith(running, 'disposed'), rejectsWith(queued, 'disposed')]);
    await disposed;
    await rejectsWith(reranker.rerank('query', ['text']), 'disposed');
    await rejectsWith(reranker.rerank('query', []), 'disposed');
    await rejectsWith(reranker.statistics(), 'disposed');
    await rejectsWith(reranker.rerank('', []), 'invalid_input');
    await reranker.dispose();
  });

  it('leaves other rerankers alone', async () => {
    const [left, right] = await Promise.all([
      createReranker({ model: miniModel }),
      createReranker({ model: miniModel }),
    ]);
    await left.dispose();
    assert.equal((await right.rerank('query', ['text'])).length, 1);
    await right.dispose();
  });
});
