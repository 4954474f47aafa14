import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { serve } from '../../../www/tools/serve.mjs';

const site = fileURLToPath(new URL('../../runtimes/chromium/site', import.meta.url));

const switches = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long to wait for what must come; a loaded machine may take its time. */
const patienceMilliseconds = 120_000;

/** The path of the browser: what CHROMIUM names, else Chromium or Chrome. */
function executable() {
  const names = process.env.CHROMIUM ? [process.env.CHROMIUM] : ['chromium', 'google-chrome'];
  const folders = ['', ...(process.env.PATH ?? '').split(delimiter)];
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find((path) => path.includes('/') && isExecutable(path));
  if (!found) throw new Error(`no browser is installed: ${names.join(', ')}`);
  return found;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What Playwright starts Chromium with. */
export function launchOptions() {
  return { executablePath: executable(), args: switches, timeout: patienceMilliseconds };
}

/**
 * Serves the demo site and starts Chromium before the tests of the calling suite, and ends both after them. `folders`
 * are more to serve, as for `serve`; they may be added to until the suite begins. In pages that are `isolated`, the engine
 * may have threads.
 */
export function useChromium({ folders = {}, isolated = false } = {}) {
  let server;
  let browser;
  before(async () => {
    server = await serve({ folders: { '/site/': site, ...folders }, isolated });
    browser = await chromium.launch(launchOptions());
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  return {
    /** The server is gone from here on. */
    async stopServer() {
      const { close } = server;
      const { url } = server;
      server = { url, close() {} };
      await close();
    },
    get url() {
      return server.url;
    },
    open: (path, options) => openPage(browser, new URL(path, server.url).href, options),
  };
}

/** A page with what it asked for (`requests`), and what its console held against it and what it did not catch (`complaints`). */
export async function openPage(browser, url, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(patienceMilliseconds);
  const requests = [];
  const complaints = [];
  context.on('request', (request) => requests.push(request.url()));
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(url);
  return { page, requests, complaints, close: () => context.close() };
}

/** Waits until the page has no worker. */
export async function noWorkers(page) {
  const pauseMilliseconds = 50;
  for (let waited = 0; page.workers().length > 0; waited += pauseMilliseconds) {
    if (waited > patienceMilliseconds) throw new Error('a worker stays');
    await sleep(pauseMilliseconds);
  }
}
