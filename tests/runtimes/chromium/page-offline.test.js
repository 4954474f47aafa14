import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useChromium } from '../../support/browsers/chromium.js';
import { ranked } from '../../support/browsers/demo-page.js';

const www = fileURLToPath(new URL('../../../www', import.meta.url));

for (const isolated of [false, true]) {
  describe(`the demo page without a network, ${isolated ? 'cross-origin isolated' : 'of an ordinary server'}`, () => {
    const chromium = useChromium({ isolated });
    let open;
    afterEach(() => open.close());

    it('loads and ranks on the second visit while its server is down, with the one engine that it keeps', async () => {
      open = await chromium.open('/');
      const { page } = open;
      await keptOffline(page);
      const engines = await keptEngines(page);
      const threads = Number(await page.locator('#figure-threads').textContent());
      assert.equal(engines.length, 1);
      assert.equal(engines[0] === 'rerank-threads.wasm', isolated && threads > 1);
      if (!isolated) assert.equal(threads, await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency)));
      await chromium.stopServer();
      await page.reload();
      await ranked(page);
      assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), isolated);
      await page.locator('#figure-threads', { hasText: String(threads) }).waitFor();
      await page.getByRole('button', { name: 'Bread dough' }).click();
      await page.locator('.scored:first-child', { hasText: 'Yeast makes bread dough rise' }).waitFor();
      await page.goto(`${chromium.url}/index.html?from=elsewhere`);
      await ranked(page);
      assert.deepEqual(
        open.complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED')),
        [],
      );
    });
  });
}

describe('a new version of the demo page', () => {
  const folders = {};
  before(async () => {
    folders['/'] = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    await cp(www, folders['/'], { recursive: true });
  });
  after(() => rm(folders['/'], { recursive: true }));
  const chromium = useChromium({ folders });
  let open;
  afterEach(() => open.close());

  async function publish(title) {
    const path = join(folders['/'], 'index.html');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/<title>.*<\/title>/, `<title>${title}</title>`));
  }

  it('takes over whole, when the user wants it, and keeps what was typed', async () => {
    open = await chromium.open('/');
    const { page } = open;
    await keptOffline(page);
    await publish('version two');
    await page.reload();
    const button = page.getByRole('button', { name: 'Reload' });
    await button.waitFor();
    assert.doesNotMatch(await page.title(), /version two/);
    assert.equal(await versions(page), 2);
    await page.getByLabel('Query', { exact: true }).fill('my own words');
    await button.click();
    await page.waitForFunction(() => document.title === 'version two');
    await keptOffline(page);
    assert.equal(await page.getByLabel('Query', { exact: true }).inputValue(), 'my own words');
    assert.equal(await versions(page), 1);
    assert.deepEqual(open.complaints, []);
  });

  it('takes over from a page that no service worker controls, too, with the engine that the old one kept', async () => {
    open = await chromium.open('/');
    const { page } = open;
    await keptOffline(page);
    const engines = await keptEngines(page);
    await page.reload();
    await ranked(page);
    // A second page, reloaded by force, has no service worker.
    const forced = await page.context().newPage();
    await forced.goto(chromium.url);
    const session = await page.context().newCDPSession(forced);
    const loaded = forced.waitForEvent('load');
    await session.send('Page.reload', { ignoreCache: true });
    await loaded;
    await keptOffline(forced);
    assert.equal(await forced.evaluate(() => navigator.serviceWorker.controller), null);
    await publish('version of all');
    await forced.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await forced.getByRole('button', { name: 'Reload' }).click();
    for (const each of [forced, page]) await each.waitForFunction(() => document.title === 'version of all');
    await keptOffline(forced);
    assert.equal(await versions(forced), 1);
    assert.deepEqual(await keptEngines(forced), engines);
    assert.deepEqual(open.complaints, []);
  });

  it('is not mixed from two builds: a server that is half way changes nothing', async () => {
    open = await chromium.open('/');
    const { page } = open;
    await keptOffline(page);
    const title = await page.title();
    await publish('version three');
    // The server has the list of the new build, but a page of another one.
    await page.context().route('**/', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace('version three', 'half way') });
    });
    const outcome = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update();
      const { installing } = registration;
      if (!installing) return 'nothing is installed';
      return new Promise((resolve) => {
        installing.addEventListener('statechange', () => resolve(installing.state));
      });
    });
    assert.equal(outcome, 'redundant');
    await page.reload();
    await ranked(page);
    assert.equal(await page.title(), title);
    // A request that still waits for its route would fail after the test.
    await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  });
});

async function keptOffline(page) {
  await ranked(page);
  await page.getByText('This page works offline now.').waitFor();
}

const versions = (page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('rerank-wasm-demo-')).length);

/** Returns the names of the engines in the cache. */
const keptEngines = (page) =>
  page.evaluate(async () => {
    const [name] = (await caches.keys()).filter((name) => name.startsWith('rerank-wasm-demo-'));
    const urls = (await (await caches.open(name)).keys()).map(({ url }) => url);
    return urls.filter((url) => url.endsWith('.wasm')).map((url) => url.replace(/.*\//, ''));
  });
