import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { noWorkers, useChromium } from '../../support/browsers/chromium.js';
import { miniDirectory } from '../../support/paths.js';

const samples = JSON.parse(await readFile(new URL('../../../www/samples.json', import.meta.url), 'utf8'));
const [heatPump, cable, leaves] = samples.queries.map(({ text }) => text);
const texts = samples.passages.map(({ text }) => text).sort();
const labelOf = (query) => samples.queries.find(({ text }) => text === query).label;

/** The beginning of the best passage for each sample query. */
const best = {
  [heatPump]: 'A heat pump warms a house',
  [cable]: 'The first telegraph cable across the Atlantic',
  [leaves]: 'Leaves change colour in autumn',
};

describe('the demo page', () => {
  const chromium = useChromium();
  let open;
  let page;
  beforeEach(async () => {
    open = await chromium.open('/');
    ({ page } = open);
  });
  afterEach(() => open.close());

  it('ranks its samples in a worker, and sends requests to its server only', async () => {
    await showsFirst(page, best[heatPump]);
    assert.equal(await page.locator('#results li').count(), samples.passages.length);
    assert.match(await page.locator('#status').textContent(), /^20 passages ranked in /);
    const engines = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency));
    assert.deepEqual(
      page.workers().map((worker) => worker.url()),
      Array(engines).fill(`${chromium.url}/rerank-wasm/worker.js`),
    );
    const scores = await numbers(page, '#results .number');
    assert.deepEqual(
      scores,
      scores.toSorted((left, right) => right - left),
    );
    for (const figure of await numbers(page, '#figures dd')) assert.ok(figure > 0);
    assert.ok(open.requests.includes(`${chromium.url}/rerank-wasm-mini/onnx/model_quantized.onnx`));
    for (const url of open.requests) assert.ok(url.startsWith(`${chromium.url}/`), url);
    assert.deepEqual(open.complaints, []);
  });

  it('ranks again for a query that is typed, and for a sample query that is clicked', async () => {
    await showsFirst(page, best[heatPump]);
    await page.getByLabel('Query', { exact: true }).fill('');
    await page.getByLabel('Query', { exact: true }).pressSequentially('telegraph cable across the Atlantic');
    await showsFirst(page, best[cable]);
    await page.getByRole('button', { name: labelOf(leaves) }).click();
    await showsFirst(page, best[leaves]);
    assert.equal(await page.getByLabel('Query', { exact: true }).inputValue(), leaves);
    assert.deepEqual(open.complaints, []);
  });

  it('shows the ranking for the last query, whatever was asked before', async () => {
    await showsFirst(page, best[heatPump]);
    for (const query of [leaves, cable, leaves, cable]) {
      await page.getByRole('button', { name: labelOf(query) }).click();
      await page.locator('.ranking[aria-busy=true]').waitFor();
    }
    await showsFirst(page, best[cable]);
    assert.deepEqual(open.complaints, []);
  });

  it('ranks own passages, one on each line', async () => {
    await showsFirst(page, best[heatPump]);
    await page.getByLabel('Query', { exact: true }).fill('What is the capital of France?');
    await page.getByLabel('Your own text').check();
    await page
      .getByLabel('One passage on each line')
      .fill('A giraffe is tall.\n\n  Paris is the capital of France. \n');
    await showsFirst(page, 'Paris is the capital of France.');
    assert.equal(await page.locator('#results li').count(), 2);
    await page.getByLabel('Sample set').check();
    await page.getByRole('button', { name: labelOf(leaves) }).click();
    await showsFirst(page, best[leaves]);
    assert.deepEqual(open.complaints, []);
  });

  it('shows markup as text', async () => {
    await page.getByLabel('Your own text').check();
    await page.getByLabel('One passage on each line').fill('<img src="x" alt="A heat pump">');
    await showsFirst(page, '<img src="x" alt="A heat pump">');
    assert.equal(await page.locator('#results img').count(), 0);
  });

  it('says what is missing where a box is empty', async () => {
    await showsFirst(page, best[heatPump]);
    await page.getByLabel('Query', { exact: true }).fill('  ');
    await page.getByText('Enter a query').waitFor();
    assert.deepEqual((await page.locator('#results .text').allTextContents()).sort(), texts);
    assert.equal(await page.locator('#results .scored').count(), 0);
    assert.deepEqual(await page.locator('#figures dd').allTextContents(), ['–', '–', '–', '–', '–']);
    await page.getByLabel('Your own text').check();
    await page.getByText('Enter at least one passage').waitFor();
    assert.equal(await page.locator('#results li').count(), 0);
    assert.equal(await page.getByRole('alert').isVisible(), false);
    assert.deepEqual(open.complaints, []);
  });
});

describe('the demo page that is cross-origin isolated', () => {
  const chromium = useChromium({ isolated: true });

  it('ranks its samples in threads, and says how many', async () => {
    const { page, complaints, close } = await chromium.open('/');
    await showsFirst(page, best[heatPump]);
    await page.locator('#figure-threads', { hasText: /^[0-9]+$/ }).waitFor();
    const [threads] = await numbers(page, '#figure-threads');
    const { processors, gigabytes } = await page.evaluate(() => ({
      processors: navigator.hardwareConcurrency,
      gigabytes: navigator.deviceMemory ?? Number.POSITIVE_INFINITY,
    }));
    assert.ok(threads >= 1 && threads <= processors);
    assert.equal(threads > 1, processors > 1 && gigabytes >= 1);
    assert.ok(page.workers().some((worker) => worker.url() === `${chromium.url}/rerank-wasm/worker-threads.js`));
    assert.deepEqual(complaints, []);
    await close();
  });
});

describe('the demo page with a damaged model', () => {
  const folders = {};
  before(async () => {
    folders['/rerank-wasm-mini/onnx/'] = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
  });
  const chromium = useChromium({ folders });
  after(() => rm(folders['/rerank-wasm-mini/onnx/'], { recursive: true }));

  it('says so, and ranks after another try when the model is whole', async () => {
    const graph = join(folders['/rerank-wasm-mini/onnx/'], 'model_quantized.onnx');
    await writeFile(graph, 'damaged');
    const { page, complaints, close } = await chromium.open('/');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await alert.textContent(), /not the one that was published.*integrity_mismatch/s);
    assert.deepEqual((await page.locator('#results .text').allTextContents()).sort(), texts);
    assert.equal(await page.locator('#results .scored').count(), 0);
    assert.deepEqual(await page.locator('#figures dd').allTextContents(), ['–', '–', '–', '–', '–']);
    assert.equal(await page.locator('#status').textContent(), '');
    await noWorkers(page);
    await copyFile(join(miniDirectory, 'onnx/model_quantized.onnx'), graph);
    await page.getByRole('button', { name: 'Try again' }).click();
    await showsFirst(page, best[heatPump]);
    assert.equal(await alert.isVisible(), false);
    assert.deepEqual(complaints, []);
    await close();
  });
});

/** Waits until the page shows a ranking that has a best passage with this beginning. */
async function showsFirst(page, beginning) {
  const first = page.locator('.ranking[aria-busy=false] #results li.scored:first-child .text');
  await first.filter({ hasText: beginning }).waitFor();
}

async function numbers(page, selector) {
  const texts = await page.locator(selector).allTextContents();
  return texts.map((text) => Number.parseFloat(text.replaceAll(',', '')));
}
