import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { violations } from '../../support/browsers/axe.js';
import { useChromium } from '../../support/browsers/chromium.js';
import { ranked } from '../../support/browsers/demo-page.js';

describe('the demo page for everyone', () => {
  const chromium = useChromium();
  let open;
  afterEach(() => open.close());

  async function visit(options) {
    open = await chromium.open('/', options);
    await ranked(open.page);
    return open.page;
  }

  for (const colorScheme of ['light', 'dark']) {
    it(`breaks no rule of axe, ${colorScheme}`, async () => {
      // `reducedMotion` shows axe the final colours, not those of a transition. `bypassCSP` lets axe's script in.
      const page = await visit({ colorScheme, reducedMotion: 'reduce', bypassCSP: true });
      assert.deepEqual(await violations(page), []);
      await page.getByLabel('Before', { exact: true }).check();
      await page.getByLabel('bge-reranker-base').check();
      await page.getByRole('button', { name: 'Download 296 MB' }).waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByLabel('Your own text').check();
      await page.getByLabel('One passage on each line').fill('word '.repeat(600));
      await ranked(page);
      await page.getByText('cut at the end').waitFor();
      assert.deepEqual(await violations(page), []);
    });
  }

  it('fits 320 pixels, also with a word that has no end', async () => {
    const page = await visit({ viewport: { width: 320, height: 640 } });
    await page.getByLabel('Your own text').check();
    await page.getByLabel('One passage on each line').fill('x'.repeat(400));
    await ranked(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  });

  it('is used from end to end with the keyboard', async () => {
    const page = await visit({ reducedMotion: 'reduce' });
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    assert.equal(await press('Tab'), 'Skip to the ranking');
    assert.equal(await press('Enter'), 'ranking-title');
    await page.locator('#query').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('bread dough');
    await page.keyboard.press('Control+Enter');
    await page.locator('.scored:first-child', { hasText: 'Yeast makes bread dough rise' }).waitFor();
    await ranked(page);
    assert.equal(await focused(), 'query');
    assert.equal(await press('Tab'), 'rank');
    assert.equal(await press('Tab'), 'Heat pump');
    assert.equal(await press('Tab', 'Enter'), 'Atlantic cable');
    await page.locator('.scored:first-child', { hasText: 'The first telegraph cable' }).waitFor();
    await ranked(page);
    assert.equal(
      await page.locator('#query').inputValue(),
      'When was the first telegraph cable laid across the Atlantic?',
    );
    await press('Tab', 'Tab', 'Tab');
    await page.keyboard.press('ArrowRight');
    await page.locator('#own').waitFor();
    await press('Tab', 'Tab');
    assert.equal(await focused(), 'own-text');
    await page.keyboard.type('A giraffe is tall.\nThe cable was laid in 1858.');
    await page.keyboard.press('Control+Enter');
    await page.locator('.scored:first-child', { hasText: '1858' }).waitFor();
    await ranked(page);
    assert.equal(await focused(), 'own-text');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.getByLabel('Before', { exact: true }).isChecked(), true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.getByLabel('bge-reranker-base').isChecked(), true);
    await page.getByRole('button', { name: 'Download 296 MB' }).waitFor();
    assert.equal(await press('Tab'), 'fetching-start');
    assert.equal(await press('Tab'), 'fetching-cancel');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByLabel('rerank-wasm-mini').isChecked(), true);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'model');
  });

  it('keeps the focus in the list while its items change their places', async () => {
    const page = await visit();
    await page.getByLabel('Your own text').check();
    const long = `heat pump winter ${'and more words about heat '.repeat(40)}`;
    await page.getByLabel('One passage on each line').fill(`${long}\nA heat pump warms a house in winter.\nThird.`);
    await page.getByLabel('Order before').selectOption('given');
    await page.locator('.scored:first-child', { hasText: 'A heat pump warms' }).waitFor();
    await ranked(page);
    const button = page.getByRole('button', { name: 'Show all of it' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.evaluate(() => document.querySelector('[name=order][value=before]').click());
    assert.match(await page.locator('#results li').first().textContent(), /and more words/);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Show less');
  });

  it('moves nothing for those who want no motion, and lets items glide for others', async () => {
    for (const reducedMotion of ['reduce', 'no-preference']) {
      const page = await visit({ reducedMotion });
      const moving = await page.evaluate(() => {
        document.querySelector('[name=order][value=before]').click();
        return document.querySelector('#results').getAnimations({ subtree: true }).length > 0;
      });
      assert.equal(moving, reducedMotion === 'no-preference');
      if (reducedMotion === 'reduce') await open.close();
    }
  });

  it('tells a screen reader the outcome, not each step', async () => {
    open = await chromium.open('/site/index.html');
    await open.page.addInitScript(() => {
      globalThis.said = [];
      addEventListener('DOMContentLoaded', () => {
        const announcer = document.querySelector('#announcer');
        new MutationObserver(() => globalThis.said.push(announcer.textContent)).observe(announcer, { childList: true });
      });
    });
    await open.page.goto(`${chromium.url}/`);
    await ranked(open.page);
    const said = await open.page.evaluate(() => globalThis.said);
    assert.equal(said.length, 2);
    assert.match(said[0], /^The model is being loaded$/);
    assert.match(said[1], /^20 passages ranked in .+\. First, with [01]\.\d{3}: A heat pump warms a house/);
  });

  it('shifts nothing while it loads and ranks, other than the list', async () => {
    open = await chromium.open('/site/index.html');
    await open.page.addInitScript(() => {
      globalThis.shifted = [];
      new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries()) {
          for (const { node } of sources)
            if (!node?.parentElement?.closest('#results')) globalThis.shifted.push(String(node?.id || node?.nodeName));
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await open.page.goto(`${chromium.url}/`);
    await ranked(open.page);
    assert.deepEqual(await open.page.evaluate(() => globalThis.shifted), []);
  });
});
