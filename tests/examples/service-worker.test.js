import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { launchOptions, openPage } from '../support/browsers/chromium.js';
import { useProject } from '../support/programs/packed.js';
import { policy } from '../support/servers/headers.js';
import { serveDirectory } from '../support/servers/static.js';

describe('the example for a service worker', () => {
  const project = useProject({ template: fileURLToPath(new URL('../../examples/service-worker', import.meta.url)) });
  let browser;
  let server;
  before(async () => {
    execFileSync('npm', ['run', 'build', '--silent'], { cwd: project.directory, stdio: 'pipe' });
    server = await serveDirectory(join(project.directory, 'public'), { 'content-security-policy': policy });
    browser = await chromium.launch(launchOptions());
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('ranks for its page, under a strict policy, without a request to the server', async () => {
    const { page, complaints } = await openPage(browser, `${server.url}/`);
    const items = page.locator('#results li');
    await items.nth(2).waitFor();
    assert.deepEqual(await items.allTextContents(), [
      'Paris is the capital of France.',
      'Berlin is the capital of Germany.',
      'Giraffes are tall.',
    ]);
    assert.deepEqual(complaints, []);
    assert.ok(server.requests.includes('/wasm/rerank-relaxed.wasm'), server.requests.join('\n'));
    assert.ok(!server.requests.includes('/v1/rerank'), server.requests.join('\n'));
  });
});
