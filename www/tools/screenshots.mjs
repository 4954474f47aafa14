// screenshots.mjs [FOLDER]: takes the pictures of the demo page for README.md in Chromium and prints their sizes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { serve } from './serve.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const browserName = process.env.CHROMIUM || 'chromium';
const executablePath = execFileSync('sh', ['-c', 'command -v "$0"', browserName], { encoding: 'utf8' }).trim();

const views = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1180, height: 820 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1180, height: 820 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
];

mkdirSync(folder, { recursive: true });
const server = await serve();
const browser = await chromium.launch({ executablePath, args: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
try {
  for (const { name, ...options } of views) await picture(name, options);
} finally {
  await browser.close();
  await server.close();
}

async function picture(name, options) {
  const page = await browser.newPage({ reducedMotion: 'reduce', ...options });
  page.setDefaultTimeout(60_000);
  await page.goto(server.url);
  await page.locator('.ranking[aria-busy=false] .scored').first().waitFor();
  await page.getByText('works offline').waitFor();
  await page.getByLabel('After', { exact: true }).blur();
  await save(page, `after-${name}`);
  // The page shows the order before while the model loads, so these requests get no answer.
  await page.route('**/onnx/**', () => {});
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((found) => found.unregister()));
  await page.reload();
  await page.locator('#results li').first().waitFor();
  await page.getByText(/Loading rerank-wasm-mini: (?!0\.0 )/).waitFor();
  await save(page, `before-${name}`);
  await page.close();
}

async function save(page, name) {
  const path = `${folder}/${name}.png`;
  await page.screenshot({ path });
  console.log(`${path}  ${(statSync(path).size / 1000).toFixed(0)} kB`);
}
