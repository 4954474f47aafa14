import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { launchOptions } from '../../support/browsers/chromium.js';
import { useProject } from '../../support/programs/packed.js';

const template = fileURLToPath(new URL('extension', import.meta.url));

describe('a browser extension (manifest 3)', () => {
  const project = useProject();
  let context;
  let page;
  before(async () => {
    const extension = join(project.directory, 'extension');
    cpSync(template, extension, { recursive: true });
    cpSync(join(project.directory, 'node_modules'), extension, { recursive: true });
    const { args, ...options } = launchOptions();
    context = await chromium.launchPersistentContext(join(project.directory, 'profile'), {
      ...options,
      args: [...args, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
      ignoreDefaultArgs: ['--disable-extensions'],
    });
    const background = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    page = await context.newPage();
    await page.goto(new URL('page.html', background.url()).href);
  });
  after(() => context?.close());

  it('ranks in a worker of its page', async () => {
    const started = [];
    page.on('worker', (worker) => started.push(worker.url()));
    assert.equal(await page.evaluate(() => globalThis.rank({ threads: 1 })), '1,0');
    assert.equal(started.length, 1);
  });

  it('ranks in its page itself', async () => {
    assert.equal(await page.evaluate(() => globalThis.rank({ worker: false })), '1,0');
  });

  it('ranks in its service worker', async () => {
    assert.equal(await page.evaluate(() => globalThis.rankInBackground({})), '1,0');
  });
});
