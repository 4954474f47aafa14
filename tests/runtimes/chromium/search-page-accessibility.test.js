import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { violations } from '../../support/browsers/axe.js';
import { useChromium } from '../../support/browsers/chromium.js';
import { ready, searched } from '../../support/browsers/search-page.js';

describe('the page that searches files, for everyone', () => {
  const chromium = useChromium();
  let open;
  afterEach(() => open.close());

  async function visit(options) {
    open = await chromium.open('/search.html', options);
    await ready(open.page);
    return open.page;
  }

  async function withSamples(page) {
    await page.getByRole('button', { name: 'Add sample texts' }).click();
    await page.getByText('20 files added').waitFor();
    await searched(page, 'autumn leaves');
  }

  for (const colorScheme of ['light', 'dark']) {
    it(`breaks no rule of axe, ${colorScheme}`, async () => {
      const page = await visit({ colorScheme, reducedMotion: 'reduce', bypassCSP: true });
      assert.deepEqual(await violations(page), []);
      await withSamples(page);
      await page.getByText('Paste text').click();
      await page.getByText('Files in the index').click();
      assert.deepEqual(await violations(page), []);
      await page.route('**/samples.json', (route) => route.fulfill({ status: 500, body: 'no' }));
      await page.getByRole('button', { name: 'Add sample texts' }).click();
      await page.getByRole('alert').filter({ hasText: 'samples.json' }).waitFor();
      assert.deepEqual(await violations(page), []);
    });
  }

  it('fits 320 pixels, also with a word that has no end', async () => {
    const page = await visit({ viewport: { width: 320, height: 640 } });
    await page
      .locator('#files')
      .setInputFiles([
        { name: `${'x'.repeat(200)}.txt`, mimeType: 'text/plain', buffer: Buffer.from('y'.repeat(400)) },
      ]);
    await page.getByText('1 file added').waitFor();
    await page.getByText('Files in the index').click();
    await searched(page, 'y'.repeat(400));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  });

  it('is used from end to end with the keyboard', async () => {
    const page = await visit();
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    assert.equal(await press('Tab'), 'Skip to what was found');
    assert.equal(await press('Enter'), 'found-title');
    await page.locator('#query').focus();
    assert.equal(await press('Tab', 'Tab', 'Tab', 'Tab'), 'add-samples');
    await page.keyboard.press('Enter');
    await page.getByText('20 files added').waitFor();
    assert.equal(await press('Tab'), 'Paste text');
    assert.equal(await press('Enter', 'Tab'), 'pasted');
    await page.keyboard.type('Penguins huddle against the wind.');
    assert.equal(await press('Tab'), 'add-pasted');
    await page.keyboard.press('Enter');
    await page.getByText('The text was added').waitFor();
    assert.equal(await focused(), 'pasted');
    assert.equal(await press('Tab', 'Tab'), 'Files in the index');
    assert.equal(await press('Enter', 'Tab'), 'held-list');
    await page.keyboard.press('Tab');
    assert.equal(
      await page.evaluate(() => document.activeElement.getAttribute('aria-label')),
      'Remove pasted: Penguins huddle against the wind.',
    );
    await page.keyboard.press('Enter');
    await page.getByText('20 files', { exact: true }).waitFor();
    assert.equal(await focused(), 'held-list');
  });

  it('tells a screen reader the outcome of a search, not each list', async () => {
    const page = await visit();
    await withSamples(page);
    await page.evaluate(() => {
      globalThis.said = [];
      const announcer = document.querySelector('#announcer');
      new MutationObserver(() => globalThis.said.push(announcer.textContent)).observe(announcer, { childList: true });
    });
    await searched(page, 'what makes dough rise');
    const said = await page.evaluate(() => globalThis.said);
    assert.equal(said.length, 1);
    assert.match(said[0], /^8 passages in .+\. First: samples\/\d\d\.txt$/);
  });
});
