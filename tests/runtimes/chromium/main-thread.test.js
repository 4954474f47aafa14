import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { useChromium } from '../../support/browsers/chromium.js';
import { mainThreadTasks } from '../../support/browsers/main-thread.js';

/** The length of a frame at 60 Hz, in milliseconds. */
const frame = 16;

describe("a page's main thread", () => {
  const chromium = useChromium();
  let page;
  before(async () => {
    ({ page } = await chromium.open('/site/'));
    await page.evaluate(() => import('/site/tools.js'));
  });

  /** Returns the page's tasks that take longer than a frame while it loads a model, ranks and streams. */
  async function longTasks(worker) {
    const tasks = await mainThreadTasks(page, () =>
      page.evaluate(async (worker) => {
        const { createReranker, mini, documents } = await import('/site/tools.js');
        const reranker = await createReranker({ model: mini, worker, cache: 'none', onProgress() {} });
        await reranker.rerank('query', documents(200), { onProgress() {} });
        for await (const { index } of reranker.stream('query', documents(200))) if (index === 50) break;
        await reranker.dispose();
      }, worker),
    );
    assert.ok(tasks.length > 100, `${tasks.length} tasks were seen`);
    return tasks.filter((milliseconds) => milliseconds > frame);
  }

  it('never works longer than a frame with the worker that is the default', async () => {
    assert.deepEqual(await longTasks('auto'), []);
  });

  it('nor while much is sent to the worker', async () => {
    const tasks = await mainThreadTasks(page, async () => {
      const failure = await page.evaluate(async () => {
        const { createReranker, failureOf } = await import('/site/tools.js');
        const files = {
          model: new Uint8Array(200e6),
          tokenizer: new URL('/rerank-wasm-mini/tokenizer.json', location),
        };
        return failureOf(createReranker({ model: { name: 'zeros', files }, cache: 'none' }));
      });
      assert.match(failure, /^invalid_model: .*model file/i);
    });
    assert.deepEqual(
      tasks.filter((milliseconds) => milliseconds > frame),
      [],
    );
  });

  it('does so in place, which shows that it would be seen', async () => {
    assert.ok((await longTasks(false)).length > 0);
  });
});
