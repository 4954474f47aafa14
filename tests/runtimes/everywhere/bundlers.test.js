import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const example = (name) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
const page = fileURLToPath(new URL('../chromium/installed/page.js', import.meta.url));

/** Makes a project from the folder `from`, with the page's `rank.js`. `prepare` adds what else its tests need. */
function useBundler(from, prepare = () => {}) {
  const programs = usePrograms({
    template: from,
    prepare(directory) {
      cpSync(page, join(directory, 'rank.js'));
      prepare(directory);
    },
  });
  let browser;
  before(async () => {
    browser = await chromium.launch(launchOptions());
  });
  after(() => browser?.close());

  return {
    ...programs,
    async serves(folder, allowed = policy) {
      const server = await serveDirectory(programs.path(folder), { 'content-security-policy': allowed, ...isolation });
      programs.later(server);
      return server.url;
    },
    /** Ranks in the page: in a worker with threads, in a worker with one thread, and without a worker. */
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

describe('the example for Vite', () => {
  const vite = useBundler(example('vite'), (directory) => {
    const path = join(directory, 'index.html');
    const html = readFileSync(path, 'utf8');
    writeFileSync(path, html.replace('</html>', '<script type="module" src="/rank.js"></script></html>'));
  });

  /** Checks that the page shows its documents, best first, and ranks as all pages do. */
  async function shows(url) {
    const { page, complaints } = await vite.ranksAt(url);
    const best = page.locator('#results li').first();
    await best.waitFor();
    assert.match(await best.textContent(), /^0\.9\d+ Paris is the capital of France\.$/);
    assert.deepEqual(complaints, []);
  }

  it('ranks in the page it builds, under a strict policy', async () => {
    vite.runs('vite', 'build');
    await shows(await vite.serves('dist'));
  });

  it('ranks in the page it develops', async () => {
    await shows(await vite.starts('vite', '--host=127.0.0.1', '--port=0'));
  });
});

describe('an empty project of webpack', () => {
  const webpack = useBundler(template('webpack'));

  it('ranks in the page it builds, under a strict policy', async () => {
    webpack.runs('webpack', '--mode=production', '--entry=./rank.js', '--output-path=public');
    assert.deepEqual((await webpack.ranksAt(await webpack.serves('public'))).complaints, []);
  });
});

describe('a project of Parcel', () => {
  const parcel = useBundler(template('parcel'));

  it('ranks in the page it builds, under a strict policy that allows its import map', async () => {
    parcel.runs('parcel', 'build', 'index.html', '--no-cache');
    const allowed = policy.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
    assert.deepEqual((await parcel.ranksAt(await parcel.serves('dist', allowed))).complaints, []);
  });
});

describe('a project of Rollup and Rolldown', () => {
  const project = useBundler(template('rollup'));

  for (const name of ['rollup', 'rolldown']) {
    it(`ranks in the page that ${name} builds, under a strict policy, with the files beside it`, async () => {
      project.runs(name, '--config', `${name}.config.js`);
      const installed = (path) => project.path('node_modules', path);
      for (const [from, to] of [
        [project.path('index.html'), 'index.html'],
        [installed('rerank-wasm/dist/wasm'), 'wasm'],
        ...['onnx', 'tokenizer.json', 'config.json'].map((path) => [installed(`rerank-wasm-mini/${path}`), path]),
      ]) {
        cpSync(from, project.path(name, to), { recursive: true });
      }
      assert.deepEqual((await project.ranksAt(await project.serves(name))).complaints, []);
    });
  }
});

/** Posts two documents, the second of which answers. Returns the indices of the results. */
async function order(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'capital of France', documents: ['giraffe', 'Paris is in France.'], ...body }),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return (answer.results ?? answer).map(({ index }) => index);
}

describe('the example for Next', () => {
  const next = usePrograms({ template: example('next-edge') });

  it('ranks in its route', async () => {
    next.runs('next', 'build');
    const url = await next.starts('next', 'start', '--hostname=127.0.0.1', '--port=0');
    assert.deepEqual(await order(`${url}/v1/rerank`), [1, 0]);
  });
});

describe('the example for Next, with further routes and a page', () => {
  const next = useBundler(example('next-edge'), (directory) =>
    cpSync(template('next'), directory, { recursive: true }),
  );

  for (const [bundler, routes] of [
    ['turbopack', ['edge', 'node']],
    // For Node routes, webpack would need `serverExternalPackages`.
    ['webpack', ['edge']],
  ]) {
    it(`ranks in routes (${routes}) and in a page, built with ${bundler}`, async () => {
      rmSync(next.path('.next'), { recursive: true, force: true });
      next.runs('next', 'build', `--${bundler}`);
      const url = await next.starts('next', 'start', '--hostname=127.0.0.1', '--port=0');
      assert.deepEqual(await order(`${url}/v1/rerank`), [1, 0]);
      const hub = await startHub();
      next.later(hub);
      for (const route of routes) {
        for (const model of ['mini', hub.model]) assert.deepEqual(await order(`${url}/${route}`, { model }), [1, 0]);
      }
      await next.ranksAt(url);
    });
  }
});
