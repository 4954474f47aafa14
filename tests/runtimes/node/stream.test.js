import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createReranker } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { countingSignal } from '../../support/asserts/counting-signal.js';
import { enterPage, WebWorker } from '../../support/browsers/page.js';
import { tiny, tinyBytes } from '../../support/models/tiny.js';
import { engineUrl } from '../../support/paths.js';

const query = 'What is the capital of France?';
const many = Array.from({ length: 60 }, (_, index) => ({ text: `document ${index} `.repeat(1 + (index % 30)) }));

async function collect(stream) {
  const results = [];
  for await (const scored of stream) results.push(scored);
  return results;
}

for (const worker of [false, true]) {
  describe(`a stream ${worker ? 'from a worker' : 'in place'}`, () => {
    let reranker;
    before(async () => {
      const page = await enterPage(WebWorker);
      reranker = worker
        ? await page.createReranker({ model: await tinyBytes(), wasm: await readFile(engineUrl), worker })
        : await createReranker({ model: tiny });
    });
    after(() => reranker?.dispose());

    it('yields what rerank returns, each document as it is ready, in the order of the list', async () => {
      for (const options of [
        {},
        { returnDocuments: true, activation: 'none', maxTokens: 64, longDocuments: 'chunk' },
      ]) {
        const results = await reranker.rerank(query, many, options);
        const progress = [];
        const onProgress = ({ done, total }) => progress.push([done, total]);
        const streamed = await collect(reranker.stream(query, many, { ...options, onProgress }));
        assert.deepEqual(
          streamed,
          results.toSorted((left, right) => left.index - right.index),
        );
        assert.deepEqual(
          progress,
          many.map((_, index) => [index + 1, many.length]),
        );
      }
    });

    it('yields the first document long before the last has its score', async () => {
      let done = 0;
      const stream = reranker.stream(query, many, { onProgress: (progress) => ({ done } = progress) });
      const { value } = await stream.next();
      assert.equal(value.index, 0);
      assert.ok(done < many.length / 2, `${done}`);
      await stream.return();
    });

    it('ends the work when its loop is left, and the next call is answered', async () => {
      let done = 0;
      for await (const { index } of reranker.stream(query, many, { onProgress: (progress) => ({ done } = progress) })) {
        if (index === 1) break;
      }
      const atBreak = done;
      assert.equal((await reranker.rerank(query, ['text'])).length, 1);
      assert.equal(done, atBreak);
      assert.ok(done < many.length, `${done}`);
    });

    it('loses nothing where its loop is slow', async () => {
      const seen = [];
      for await (const { index } of reranker.stream(query, many.slice(0, 12))) {
        await sleep(10);
        seen.push(index);
      }
      assert.deepEqual(
        seen,
        many.slice(0, 12).map((_, index) => index),
      );
    });

    it('begins when the first document is asked for, with the arguments as they were', async () => {
      let done = 0;
      const documents = [{ text: 'one' }, { text: 'two' }];
      const stream = reranker.stream(query, documents, {
        returnDocuments: true,
        onProgress: (progress) => ({ done } = progress),
      });
      documents.length = 0;
      await reranker.rerank(query, ['text']);
      assert.equal(done, 0);
      assert.deepEqual(
        (await collect(stream)).map(({ document }) => document.text),
        ['one', 'two'],
      );
      assert.deepEqual(await collect(reranker.stream(query, [])), []);
    });

    it('throws in its loop what is wrong with its arguments', async () => {
      await rejectsWith(collect(reranker.stream('', ['text'])), 'invalid_input');
      await rejectsWith(collect(reranker.stream(query, 'text')), 'invalid_input');
      await rejectsWith(collect(reranker.stream(query, ['text'], { topN: 1 })), 'invalid_input', /topN/);
      await rejectsWith(collect(reranker.stream(query, ['text'], { maxTokens: 5 })), 'invalid_input', /room/);
    });

    it('throws in its loop where it is aborted, at once', async () => {
      const controller = new AbortController();
      let seen = 0;
      const loop = (async () => {
        for await (const _ of reranker.stream(query, many, { signal: controller.signal })) {
          seen += 1;
          if (seen === 2) controller.abort('enough');
        }
      })();
      assert.equal((await rejectsWith(loop, 'aborted')).cause, 'enough');
      assert.equal(seen, 2);
      await rejectsWith(reranker.stream(query, many, { signal: AbortSignal.abort() }).next(), 'aborted');
    });

    it('throws in its loop where its onProgress throws', async () => {
      const onProgress = () => {
        throw new Error('mine');
      };
      await rejectsWith(
        collect(reranker.stream(query, many, { onProgress })),
        'invalid_input',
        /^`onProgress` threw: mine\.$/,
      );
    });

    it('leaves no listener on the signal', async () => {
      const { signal, listeners } = countingSignal();
      await collect(reranker.stream(query, ['text'], { signal }));
      const stream = reranker.stream(query, many, { signal });
      await stream.next();
      await stream.return();
      assert.equal(listeners(), 0);
    });

    it('throws in its loop where the reranker is disposed', async () => {
      const loop = (async () => {
        for await (const _ of reranker.stream(query, many)) await reranker.dispose();
      })();
      await rejectsWith(loop, 'disposed');
      await rejectsWith(collect(reranker.stream(query, many)), 'disposed');
    });
  });
}
