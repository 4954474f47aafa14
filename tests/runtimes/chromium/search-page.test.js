import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';

import { useChromium } from '../../support/browsers/chromium.js';
import { ready, searched } from '../../support/browsers/search-page.js';
import { pdfOf } from '../../support/files/pdf.js';

const html =
  '<title>Ships</title><style>p { color: red }</style><script>alert("no")</script><p style="color: red">A lighthouse warns ships of <b>rocks</b>.</p>';
const files = [
  { name: 'bread.txt', mimeType: 'text/plain', buffer: Buffer.from('Yeast makes bread dough rise.') },
  { name: 'notes.md', mimeType: '', buffer: Buffer.from('# Winter\n\nA heat pump warms a house in winter.') },
  { name: 'ships.html', mimeType: 'text/html', buffer: Buffer.from(html) },
  {
    name: 'leaves.pdf',
    mimeType: 'application/pdf',
    buffer: pdfOf(['A page about nothing at all.', 'Leaves turn red in autumn as chlorophyll decays.']),
  },
];

describe('the page that searches files', () => {
  const chromium = useChromium();
  let open;
  afterEach(() => open.close());

  async function visit(path = '/search.html') {
    open = await chromium.open(path);
    await ready(open.page);
    return open.page;
  }

  it('finds text, Markdown, HTML and PDF in two stages, and shows what each found', async () => {
    const page = await visit();
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
    for (const [query, name, text] of [
      ['why do trees lose their green colour', 'leaves.pdf', /Leaves turn red in autumn/],
      ['how is a home kept warm', 'notes.md', /A heat pump warms a house/],
      ['what protects boats at the coast', 'ships.html', /^A lighthouse warns ships of rocks\.$/m],
      ['baking', 'bread.txt', /Yeast makes bread dough rise/],
    ]) {
      await searched(page, query);
      const first = page.locator('#hits-final li').first();
      assert.equal(await first.locator('.source').textContent(), name);
      assert.match(await first.locator('.text').textContent(), text);
      assert.equal(await page.locator('#hits-vectors .source').first().textContent(), name);
    }
    await searched(page, 'dough');
    assert.deepEqual(await page.locator('#hits-keywords .source').allTextContents(), ['bread.txt']);
    assert.equal(await page.locator('#hits-vectors li').count(), 4);
    assert.match(await page.locator('#hits-final li').first().textContent(), /keywords #1, vectors #1/);
    for (const name of ['keywords', 'vectors', 'rerank'])
      assert.match(await page.locator(`#figure-${name}`).textContent(), /^[\d.]+ m?s$/);
    assert.equal(await page.locator('#figure-passages').textContent(), '4');
    assert.match(await page.locator('#figure-memory').textContent(), /^\d+(\.\d)? MB$/);
    assert.deepEqual(open.complaints, []);
    const origins = new Set(open.requests.map((url) => new URL(url).origin));
    assert.deepEqual(
      [...origins].filter((origin) => origin !== 'null'),
      [chromium.url],
    );
  });

  it('skips what has no text, and says why', async () => {
    const page = await visit();
    const damaged = { name: 'damaged.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\nnothing') };
    const picture = { name: 'picture.txt', mimeType: 'text/plain', buffer: Buffer.from([0xff, 0, 0xd8, 0]) };
    await page.locator('#files').setInputFiles([picture, files[0], damaged]);
    await page.getByText('1 file added; 2 files skipped, such as picture.txt: it is not text').waitFor();
    await page.locator('#files').setInputFiles([damaged]);
    await page.getByText(/0 files added; 1 file skipped, such as damaged\.pdf: /).waitFor();
    await page.getByText('1 file', { exact: true }).waitFor();
  });

  it('shows why files could not be added while a query stands there, and goes on', async () => {
    const page = await visit();
    await page.locator('#query').fill('bread');
    await page.evaluate(() => {
      const { createWritable } = FileSystemFileHandle.prototype;
      FileSystemFileHandle.prototype.createWritable = async () => {
        FileSystemFileHandle.prototype.createWritable = createWritable;
        throw new DOMException('The disk is full.', 'QuotaExceededError');
      };
    });
    await page.locator('#files').setInputFiles(files);
    await page.getByRole('alert').filter({ hasText: 'The disk is full' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  it('loads again what could not be loaded', async () => {
    open = await chromium.open('/site/index.html', { serviceWorkers: 'block' });
    const { page } = open;
    await page.context().route('**/model_quantized.onnx', (route) => route.fulfill({ status: 404 }));
    await page.goto(`${chromium.url}/search.html`);
    await page.getByRole('alert').filter({ hasText: 'model_not_found' }).waitFor();
    await page.context().unroute('**/model_quantized.onnx');
    await page.getByRole('button', { name: 'Try again' }).click();
    await ready(page);
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
  });

  it('reads an HTML file with tags that do not end', async () => {
    const page = await visit();
    const html = {
      name: 'odd.html',
      mimeType: 'text/html',
      buffer: Buffer.from(`<p>A comet.</p>${'<a'.repeat(200_000)}`),
    };
    await page.locator('#files').setInputFiles([html]);
    await page.getByText('1 file added').waitFor();
  });

  it('takes samples and pasted text, and removes one file or all', async () => {
    const page = await visit();
    await page.getByRole('button', { name: 'Add sample texts' }).click();
    await page.getByText('20 files added').waitFor();
    await page.getByText('Paste text').click();
    await page.getByLabel('Text to search').fill('The zebra has stripes.\nThey differ in each animal.');
    await page.getByRole('button', { name: 'Add this text' }).click();
    await page.getByText('The text was added').waitFor();
    await page.getByLabel('Text to search').fill('The zebra has stripes.\nSo has the tiger.');
    await page.getByRole('button', { name: 'Add this text' }).click();
    await page.getByText('22 files', { exact: true }).waitFor();
    await searched(page, 'tiger');
    assert.equal(await page.locator('#hits-final .source').first().textContent(), 'pasted: The zebra has stripes. (2)');
    await searched(page, 'striped animals');
    assert.match(await page.locator('#hits-final .source').first().textContent(), /^pasted: The zebra has stripes\./);
    await page.getByText('Files in the index').click();
    await page.getByRole('button', { name: 'Remove pasted: The zebra has stripes.', exact: true }).click();
    await page.getByText('21 files', { exact: true }).waitFor();
    page.once('dialog', (dialog) => dialog.accept());
    await page.getByRole('button', { name: 'Remove all' }).click();
    await page.getByText('No files yet').waitFor();
    await page.locator('#status', { hasText: 'Nothing matches' }).waitFor();
  });

  it('keeps its index over a reload, and one tab has it open', async () => {
    const page = await visit();
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
    const second = await page.context().newPage();
    await second.goto(`${chromium.url}/search.html`);
    await second.getByText(/let this tab keep its index in memory alone/).waitFor();
    await ready(second);
    await second.getByRole('button', { name: 'Add sample texts' }).click();
    await second.getByText('20 files added').waitFor();
    assert.match(await second.locator('#place').textContent(), /in memory alone/);
    await second.close();
    await page.reload();
    await ready(page);
    await page.getByText('4 files', { exact: true }).waitFor();
    await searched(page, 'bread');
    assert.equal(await page.locator('#hits-final .source').first().textContent(), 'bread.txt');
    const changed = { ...files[0], buffer: Buffer.from('Glaciers carve valleys.') };
    await page.locator('#files').setInputFiles([changed]);
    await page.getByText('1 file added, 1 of them in place of an earlier one').waitFor();
    await searched(page, 'ice shapes the land');
    assert.match(await page.locator('#hits-final .text').first().textContent(), /Glaciers/);
    await page.getByText('4 files', { exact: true }).waitFor();
  });

  it('finds keywords while the models load, and takes files that come before', async () => {
    open = await chromium.open('/search.html', { serviceWorkers: 'block' });
    const { page } = open;
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    await page.context().route('**/model_quantized.onnx', async (route) => {
      await released;
      await route.continue();
    });
    await page.reload();
    await page.locator('#query').fill('dough');
    await page.locator('#hits-keywords .source', { hasText: 'bread.txt' }).waitFor();
    await page.locator('#hits-final .source', { hasText: 'bread.txt' }).waitFor();
    assert.equal(await page.locator('#found').getAttribute('aria-busy'), 'true');
    release();
    await page.locator('#found[data-query="dough"]').waitFor();
    await ready(page);
    const blocked = 'Service Worker registration blocked by Playwright';
    assert.deepEqual(
      open.complaints.filter((text) => text !== blocked),
      [],
    );
  });

  it('stops when the user says so, and holds each file whole or not at all after the tab is closed', async () => {
    const page = await visit();
    const many = Array.from({ length: 60 }, (_, index) => ({
      name: `${index}.txt`,
      mimeType: 'text/plain',
      buffer: Buffer.from(`File ${index}. ${'Words about tides and the moon fill this line. '.repeat(60)}`),
    }));
    await page.locator('#files').setInputFiles(many);
    await page.locator('#work-text', { hasText: /: (8|16|24) of 60 files/ }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped. What was finished is in the index.').waitFor();
    const stopped = await held(page);
    assert.ok(stopped >= 8 && stopped < 60, `${stopped} files after the stop`);
    const each = (await passages(page)) / stopped;
    assert.ok(each > 1 && Number.isInteger(each), `${each} passages a file`);
    await page.locator('#files').setInputFiles(many);
    await page.locator('#work-text', { hasText: /: (24|32|40|48) of 60 files/ }).waitFor();
    const next = await page.context().newPage();
    await page.close({ runBeforeUnload: false });
    await next.goto(`${chromium.url}/search.html`);
    await ready(next);
    const kept = await held(next);
    assert.ok(kept >= stopped && kept < 60, `${kept} files after the tab was closed`);
    assert.equal(await passages(next), kept * each);
    await searched(next, 'tides');
    const texts = await next.locator('#hits-final .text').allTextContents();
    for (const text of texts) assert.match(text, /Words about tides and the moon fill this line\./);
  });
});

describe('the page that searches files, with a folder', () => {
  const chromium = useChromium();
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-files-'));
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'deep', 'bread.txt'), 'Yeast makes bread dough rise.');
    await writeFile(join(folder, 'moon.md'), 'The moon causes tides.');
    await writeFile(join(folder, '.hidden.txt'), 'Nobody reads this.');
  });
  after(() => rm(folder, { recursive: true }));

  it('names files by their paths', async () => {
    const open = await chromium.open('/search.html');
    const { page } = open;
    await ready(page);
    await page.locator('#folder').setInputFiles(folder);
    await page.getByText(/^2 files added; 1 file skipped, .*\.hidden\.txt: its name begins with a dot$/).waitFor();
    await searched(page, 'sea level rises twice a day');
    assert.match(await page.locator('#hits-final .source').first().textContent(), /\/moon\.md$/);
    await searched(page, 'dough');
    assert.match(await page.locator('#hits-final .source').first().textContent(), /\/deep\/bread\.txt$/);
    await open.close();
  });

  it('takes files that are dropped anywhere', async () => {
    const open = await chromium.open('/search.html');
    const { page } = open;
    await ready(page);
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['A comet has a tail of dust.'], 'comet.txt', { type: 'text/plain' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.getByText('1 file added').waitFor();
    await searched(page, 'what flies through space');
    assert.equal(await page.locator('#hits-final .source').first().textContent(), 'comet.txt');
    await open.close();
  });
});

describe('the page that searches files, without a network', () => {
  const chromium = useChromium();

  it('opens its index and searches on the second visit while its server is down, PDF included', async () => {
    const open = await chromium.open('/search.html');
    const { page } = open;
    await ready(page);
    await page.locator('#files').setInputFiles(files);
    await page.getByText('4 files added').waitFor();
    await page.getByText('This page works offline now.').waitFor();
    await page.waitForFunction(async () => {
      const names = ['search/main.js', 'minisearch/index.js', 'pdfjs/pdf.worker.min.mjs'];
      const found = await Promise.all(names.map((name) => caches.match(new URL(name, location.href))));
      return found.every(Boolean);
    });
    await chromium.stopServer();
    await page.reload();
    await ready(page);
    await searched(page, 'why do trees lose their green colour');
    assert.equal(await page.locator('#hits-final .source').first().textContent(), 'leaves.pdf');
    const more = { ...files[3], name: 'more.pdf', buffer: pdfOf(['A volcano erupts with lava.']) };
    await page.locator('#files').setInputFiles([more]);
    await page.getByText('1 file added').waitFor();
    await searched(page, 'when does a volcano erupt');
    assert.equal(await page.locator('#hits-final .source').first().textContent(), 'more.pdf');
    await open.close();
  });
});

/** Returns how many passages the index has, once the page shows some. */
async function passages(page) {
  await page.waitForFunction(() => Number(document.querySelector('#figure-passages').textContent) > 0);
  return Number(await page.locator('#figure-passages').textContent());
}

/** Returns how many files the page holds. */
async function held(page) {
  return Number.parseInt(await page.locator('#library-count').textContent(), 10);
}
