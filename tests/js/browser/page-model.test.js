import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { useChromium } from '../support/chromium.js';
import { ranked } from '../support/demo-page.js';
import { distUrl } from '../support/paths.js';

const { publishedModels } = await import(new URL('models.js', distUrl));
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

  /** Lets `answer` stand for the hub. */
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
    // It never answers.
    await hub(() => {});
    await base().check();
    await download().click();
    await page
      .getByRole('progressbar', { name: 'Loading bge-reranker-base' })
      .or(page.getByText('0.0 MB of 296 MB'))
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Bread dough' }).click();
    await page.locator('.scored:first-child', { hasText: 'Yeast makes bread dough rise' }).waitFor();
    await ranked(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.locator('#fetching').isVisible(), false);
    await page.waitForFunction(() => document.querySelector('[name=model]').checked);
    await page.getByRole('button', { name: 'Heat pump' }).click();
    await page.locator('.scored:first-child', { hasText: 'A heat pump warms a house' }).waitFor();
    assert.ok(asked.length > 0);
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
