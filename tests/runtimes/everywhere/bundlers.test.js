import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { launchOptions, openPage } from '../../support/browsers/chromium.js';
import { isolation, policy } from '../../support/servers/headers.js';
import { startHub } from '../../support/servers/hub.js';
import { serveDirectory } from '../../support/servers/static.js';
import { usePrograms } from './support/programs.js';

const template = (name) => fileURLToPath(new URL(`projects/${name}`, import.meta.url));
const page = fileURLToPath(new URL('../chromium/installed/page.js', import.meta.url));

/** A project that is made from a template, with what its tests need. */
function useBundler(name) {
  const programs = usePrograms({
    template: template(name),
    prepare: (directory) => cpSync(page, join(directory, 'rank.js')),
  });
  let browser;
  before(async () => {
    browser = await chromium.launch(launchOptions());
  });
  after(() => browser?.close());

  return {
    ...programs,
    async serves(folder) {
      const server = await serveDirectory(programs.path(folder), { 'content-security-policy': policy, ...isolation });
      programs.later(server);
      return server.url;
    },
    /** The page ranks in a worker with threads, in one with a single thread and without a worker. */
    async ranksAt(url) {
      const opened = await openPage(browser, `${url}/`);
      programs.later(opened);
      await opened.page.waitForFunction(() => globalThis.rank);
      for (const options of [
        { worker: true, threads: 2 },
        { worker: true, threads: 1 },
        { worker: false, threads: 1 },
      ]) {
        const ranked = await opened.page.evaluate(async (options) => [await rank(options), threads], options);
        assert.deepEqual(ranked, [[1, 0], options.threads]);
      }
      return opened;
    },
  };
}

describe('an empty project of Vite', () => {
  const vite = useBundler('vite');

  it('ranks in the page it builds, under a strict policy', async () => {
    vite.runs('vite', 'build');
    assert.deepEqual((await vite.ranksAt(await vite.serves('dist'))).complaints, []);
  });

  it('ranks in the page it develops', async () => {
    const url = await vite.starts('vite', '--host=127.0.0.1', '--port=0');
    assert.deepEqual((await vite.ranksAt(url)).complaints, []);
  });
});

describe('an empty project of webpack', () => {
  const webpack = useBundler('webpack');

  it('ranks in the page it builds, under a strict policy', async () => {
    webpack.runs('webpack', '--mode=production', '--entry=./rank.js', '--output-path=public');
    assert.deepEqual((await webpack.ranksAt(await webpack.serves('public'))).complaints, []);
  });
});

describe('an empty project of Next', () => {
  const next = useBundler('next');

  for (const [bundler, routes] of [
    ['turbopack', ['edge', 'node']],
    // For its Node routes webpack has to be told: `serverExternalPackages`.
    ['webpack', ['edge']],
  ]) {
    it(`ranks in routes (${routes}) and in a page, built with ${bundler}`, async () => {
      rmSync(next.path('.next'), { recursive: true, force: true });
      next.runs('next', 'build', `--${bundler}`);
      const url = await next.starts('next', 'start', '--hostname=127.0.0.1', '--port=0');
      const hub = await startHub();
      next.later(hub);
      for (const route of routes) {
        for (const model of ['mini', hub.model]) {
          const documents = ['giraffe', 'Paris is the capital of France.'];
          const body = JSON.stringify({ model, query: 'capital of France', documents });
          const response = await fetch(`${url}/${route}`, { method: 'POST', body });
          const answer = await response.json();
          assert.equal(response.status, 200, JSON.stringify(answer));
          assert.deepEqual(
            answer.map(({ index }) => index),
            [1, 0],
          );
        }
      }
      await next.ranksAt(url);
    });
  }
});
