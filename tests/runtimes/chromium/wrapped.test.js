import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useChromium } from '../../support/browsers/chromium.js';

const vue = dirname(fileURLToPath(import.meta.resolve('@vue/reactivity')));

describe('a page that keeps a reranker in the state of Vue', () => {
  const chromium = useChromium({ folders: { '/vue/': `${vue}/dist` } });
  let page;
  before(async () => {
    ({ page } = await chromium.open('/site/'));
  });

  for (const worker of ['auto', false]) {
    it(`ranks, streams and disposes, with worker: ${worker}`, async () => {
      const seen = await page.evaluate(async (worker) => {
        const { createReranker, mini, failureOf } = await import('/site/tools.js');
        const { reactive, ref } = await import('/vue/reactivity.esm-browser.js');
        const options = reactive({ model: mini, worker, cache: 'none' });
        const reranker = ref(await createReranker(options));
        const texts = ['giraffe', 'Paris is the capital of France.', 'Berlin'];
        const documents = reactive(texts.map((text, id) => ({ id, text })));
        const query = 'What is the capital of France?';
        const results = await reranker.value.rerank(query, documents, reactive({ returnDocuments: true }));
        const streamed = [];
        for await (const { index } of reranker.value.stream(query, documents)) streamed.push(index);
        const { rerank, dispose } = reranker.value;
        const detached = await rerank(query, texts, { topN: 1 });
        await dispose();
        return {
          order: results.map(({ index }) => index),
          same: results.every(({ index, document }) => document === documents[index]),
          streamed,
          best: detached[0].index,
          later: await failureOf(reranker.value.statistics()),
        };
      }, worker);
      assert.equal(seen.order[0], 1);
      assert.deepEqual([seen.order.length, seen.same, seen.streamed, seen.best], [3, true, [0, 1, 2], 1]);
      assert.match(seen.later, /^disposed: /);
    });
  }
});
