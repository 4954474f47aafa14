import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { serve } from '../../../www/tools/serve.mjs';
import { openHideableTab } from './hideable-tab.js';

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

/** The time limit of a wait, with room for a busy machine. */
const patienceMilliseconds = 120_000;

/** Returns the path of the browser: the one that CHROMIUM names, else Chromium or Chrome. */
function executable() {
  const names = process.env.CHROMIUM ? [process.env.CHROMIUM] : ['chromium', 'google-chrome'];
  const folders = ['', ...(process.env.PATH ?? '').split(delimiter)];
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find((path) => path.includes('/') && isExecutable(path));
  if (!found)
    throw new Error(
      `No browser was found as ${names.join(' or ')}; install Chromium, or set CHROMIUM to the path of one.`,
    );
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

/** Returns Playwright's options for starting Chromium. */
export function launchOptions(more = []) {
  return { executablePath: executable(), args: [...switches, ...more], timeout: patienceMilliseconds };
}

/**
 * Serves the demo site and starts Chromium before the tests of the calling suite. Ends both after them. `folders` are
 * more to serve, as for `serve`. The suite may add to them until it begins. With `isolated`, the engine in a page may
 * have threads. `switches` are more for the browser.
 */
export function useChromium({ folders = {}, isolated = false, switches = [] } = {}) {
  let server;
  let browser;
  before(async () => {
    server = await serve({ folders: { '/site/': site, ...folders }, isolated });
    browser = await chromium.launch(launchOptions(switches));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  return {
    /** Stops the server for the rest of the suite. */
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
    openHideable: (path) => openHideableTab(browser, new URL(path, server.url).href),
  };
}

/**
 * Opens a page. `requests` collects the URLs that it requests. `complaints` collects the console's warnings and errors,
 * and uncaught errors.
 */
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
    if (waited > patienceMilliseconds)
      throw new Error(`The page still has a worker after ${patienceMilliseconds / 1000} s.`);
    await sleep(pauseMilliseconds);
  }
}
