import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { publishedModels } from '#internal/files/registry.js';
import { useChromium } from '../../support/browsers/chromium.js';
import { ranked } from '../../support/browsers/demo-page.js';

const { files } = publishedModels.get('bge-reranker-base');
const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);

describe('the big model on the demo page', () => {
  const chromium = useChromium();
  let open;
  let page;
  let asked;
  beforeEach(async () => {
    open = await chromium.open('/', { serviceWorkers: 'block' });
    ({ page } = open);
    asked = [];
    await ranked(page);
  });
  afterEach(() => open.close());

  /** Answers requests to the hub with `answer`. */
  async function hub(answer) {
    await page.context().route('https://huggingface.co/**', (route) => {
      asked.push(route.request().url());
      return answer(route);
    });
  }

  const base = () => page.getByLabel('bge-reranker-base');
  const download = () => page.getByRole('button', { name: `Download ${Math.round(bytes / 1e6)} MB` });

  it('says what it weighs before anything is asked for, and goes on with the small one where it is declined', async () => {
    await hub((route) => route.abort());
    await base().check();
    await page.getByText(`Downloads ${Math.round(bytes / 1e6)} MB from huggingface.co`).waitFor();
    await download().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.getByLabel('rerank-wasm-mini').isChecked(), true);
    assert.equal(await download().isVisible(), false);
    assert.deepEqual(asked, []);
  });

  it('ends a download that is cancelled, and ranks with the small one meanwhile and after', async () => {
    // The hub never answers.
    await hub(() => {});
    await base().check();
    const request = page
      .context()
      .waitForEvent('request', (request) => request.url().startsWith('https://huggingface.co/'));
    await download().click();
    await page
      .getByRole('progressbar', { name: 'Loading bge-reranker-base' })
      .or(page.getByText('0.0 MB of 296 MB'))
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Bread dough' }).click();
    await page.locator('.scored:first-child', { hasText: 'Yeast makes bread dough rise' }).waitFor();
    await ranked(page);
    await request;
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.locator('#fetching').isVisible(), false);
    await page.waitForFunction(() => document.querySelector('[name=model]').checked);
    await page.getByRole('button', { name: 'Heat pump' }).click();
    await page.locator('.scored:first-child', { hasText: 'A heat pump warms a house' }).waitFor();
  });

  it('says with its code what went wrong, and stays usable', async () => {
    await hub((route) => route.fulfill({ status: 404, headers: { 'access-control-allow-origin': '*' }, body: 'none' }));
    await base().check();
    await download().click();
    await page.locator('#model-note', { hasText: 'not where it should be. (model_not_found: ' }).waitFor();
    assert.match(await page.locator('#model-note').textContent(), /rerank-wasm-mini stays in use\.$/);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await page.getByRole('button', { name: 'Autumn leaves' }).click();
    await page.locator('.scored:first-child', { hasText: 'Leaves change colour' }).waitFor();
  });
});

describe('the big model on the demo page after its download', () => {
  const chromium = useChromium();
  const { repository, revision } = publishedModels.get('bge-reranker-base');
  let open;
  let page;
  beforeEach(async () => {
    open = await chromium.open('/site/index.html', { serviceWorkers: 'block' });
    ({ page } = open);
  });
  afterEach(() => open.close());

  /** Puts the facts of a download into the cache of the page's origin, and opens the page. */
  async function visitWith(kept) {
    const entries = kept.map(({ path, size, sha256 }, number) => ({
      key: `sha256:${sha256}`,
      url: `https://huggingface.co/${repository}/resolve/${revision}/${path}`,
      size,
      sha256,
      facts: `https://rerank-wasm.invalid/facts/${number}`,
    }));
    await page.evaluate(async (entries) => {
      const cache = await caches.open('rerank-wasm');
      for (const { facts, ...entry } of entries) await cache.put(facts, new Response(JSON.stringify(entry)));
    }, entries);
    await page.goto(chromium.url);
    await ranked(page);
  }

  // The cache keeps a tokenizer in its compact form.
  const tokenizer = { ...files.tokenizer, size: 5_700_000 };
  const remove = () => page.getByRole('button', { name: 'Remove the download' });

  it('is loaded without a question, and can be removed', async () => {
    await visitWith([files.model, tokenizer, files.config]);
    await page.context().route('https://huggingface.co/**', () => {});
    await remove().waitFor();
    await page.getByRole('radio', { name: 'bge-reranker-base' }).check();
    await page.locator('#fetching-progress').waitFor();
    assert.equal(await page.locator('#fetching-start').isVisible(), false);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await remove().click();
    await page.getByText('The downloaded files are gone').waitFor();
    await remove().waitFor({ state: 'hidden' });
    await page.getByRole('radio', { name: 'bge-reranker-base' }).check();
    await page.getByRole('button', { name: 'Download 296 MB' }).waitFor();
  });

  it('is asked for again where its graph is not kept', async () => {
    await visitWith([tokenizer, files.config]);
    await page.getByRole('radio', { name: 'bge-reranker-base' }).check();
    await page.getByRole('button', { name: 'Download 296 MB' }).waitFor();
    assert.equal(await remove().isVisible(), false);
  });
});

describe('two models of the demo page that load at a time', () => {
  const chromium = useChromium();

  /**
   * Stands for the package. Each creation waits for `settle`. Its reranker scores all documents alike and records its
   * calls.
   */
  const standin = `
    export class RerankError extends Error {}
    export const clearCache = async () => {};
    export const listCache = async () => [{ url: 'https://huggingface.co/Xenova/bge-reranker-base/resolve/x/onnx/model_quantized.onnx' }];
    globalThis.made = {};
    export function createReranker({ model }) {
      const name = model.name ?? model;
      const state = { disposed: false, ranked: 0 };
      globalThis.made[name] = state;
      const reranker = {
        async *stream(query, documents) {
          state.ranked += 1;
          for (const [index, document] of documents.entries()) yield { index, document, logit: 0, score: 0.5, truncated: false };
        },
        statistics: async () => ({ memoryBytes: 1, threads: 1 }),
        dispose: async () => { state.disposed = true; },
      };
      return new Promise((resolve, reject) => { state.settle = (error) => (error ? reject(error) : resolve(reranker)); });
    }
  `;

  for (const [end, fails] of [
    ['ready', false],
    ['given up', true],
  ]) {
    it(`leave the chosen one in use where the small one is ${end} later`, async () => {
      const { page, complaints, close } = await chromium.open('/site/index.html', { serviceWorkers: 'block' });
      await page.route('**/rerank-wasm/index.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: standin }),
      );
      await page.goto(chromium.url);
      await page.waitForFunction(() => globalThis.made?.['rerank-wasm-mini']?.settle);
      await page.getByRole('radio', { name: 'bge-reranker-base' }).check();
      await page.waitForFunction(() => globalThis.made['bge-reranker-base']?.settle);
      await page.evaluate(() => globalThis.made['bge-reranker-base'].settle());
      await ranked(page);
      await page.evaluate(
        (fails) => globalThis.made['rerank-wasm-mini'].settle(fails ? new Error('too late') : undefined),
        fails,
      );
      if (!fails) await page.waitForFunction(() => globalThis.made['rerank-wasm-mini'].disposed);
      await page.getByRole('button', { name: 'Bread dough' }).click();
      await page.waitForFunction(() => globalThis.made['bge-reranker-base'].ranked > 2);
      const { 'rerank-wasm-mini': mini, 'bge-reranker-base': base } = await page.evaluate(() => globalThis.made);
      assert.equal(mini.ranked, 0);
      assert.equal(base.disposed, false);
      assert.equal(await page.getByRole('alert').isVisible(), false);
      assert.deepEqual(
        complaints.filter((text) => !text.includes('blocked by Playwright')),
        [],
      );
      await close();
    });
  }
});
