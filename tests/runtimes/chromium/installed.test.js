import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

import { launchOptions, noWorkers, openPage } from '../../support/browsers/chromium.js';
import { useProject } from '../../support/programs/packed.js';
import { isolation, policy } from '../../support/servers/headers.js';
import { serveDirectory } from '../../support/servers/static.js';

const sources = fileURLToPath(new URL('installed', import.meta.url));
const page = '<!doctype html><html><head><link rel="icon" href="data:,"></head>';

describe('the installed package', () => {
  const project = useProject();
  const servers = [];
  let browser;
  let open;
  before(async () => {
    browser = await chromium.launch(launchOptions());
  });
  after(() => browser?.close());
  afterEach(async () => {
    await open?.close();
    for (const server of servers.splice(0)) await server.close();
  });

  async function serves(directory, headers) {
    const server = await serveDirectory(directory, headers);
    servers.push(server);
    return server;
  }

  const installed = (...path) => join(project.directory, 'node_modules', ...path);

  /** Bundles with esbuild. It leaves `new URL(…, import.meta.url)` as it is, so the files go beside the bundle. */
  async function bundles(folder, options) {
    const outdir = join(project.directory, folder);
    await build({
      absWorkingDir: project.directory,
      bundle: true,
      nodePaths: [installed()],
      outdir,
      logLevel: 'error',
      ...options,
    });
    cpSync(installed('rerank-wasm/dist/wasm'), join(outdir, 'wasm'), { recursive: true });
    return outdir;
  }

  it('ranks in a page that esbuild made, under a policy with wasm-unsafe-eval alone', async () => {
    const outdir = await bundles('bundle', {
      entryPoints: { page: join(sources, 'page.js'), worker: 'rerank-wasm/worker' },
      format: 'esm',
      minify: true,
    });
    cpSync(installed('rerank-wasm-mini'), outdir, { recursive: true });
    writeFileSync(join(outdir, 'index.html'), `${page}<script type="module" src="page.js"></script>`);
    const server = await serves(outdir, { 'content-security-policy': policy });
    open = await openPage(browser, `${server.url}/`);
    assert.deepEqual(await open.page.evaluate(() => globalThis.rank({ worker: true })), [1, 0]);
    assert.deepEqual(await open.page.evaluate(() => globalThis.rank({ worker: false })), [1, 0]);
    assert.ok(server.requests.includes('/worker.js'));
    assert.deepEqual(open.complaints, []);
  });

  const workers = { worker: 'rerank-wasm/worker', 'worker-threads': 'rerank-wasm/worker-threads' };
  for (const [what, names, threads, warnings] of [
    ['with threads where both workers are laid out', ['worker', 'worker-threads'], 2, []],
    [
      'without threads, and says so, where one worker is',
      ['worker'],
      1,
      [['worker_unavailable', 'The engine runs in the worker without threads.']],
    ],
    ['in place, and says so, where no worker is', [], 1, [['worker_unavailable', 'place, which']]],
  ]) {
    it(`ranks in an isolated page that esbuild made, ${what}`, async () => {
      const entries = Object.fromEntries(names.map((name) => [name, workers[name]]));
      const outdir = await bundles(`isolated-${names.length}`, {
        entryPoints: { page: join(sources, 'page.js'), ...entries },
        format: 'esm',
      });
      cpSync(installed('rerank-wasm-mini'), outdir, { recursive: true });
      writeFileSync(join(outdir, 'index.html'), `${page}<script type="module" src="page.js"></script>`);
      const server = await serves(outdir, { ...isolation, 'content-security-policy': policy });
      open = await openPage(browser, `${server.url}/`);
      const outcome = await open.page.evaluate(async () => {
        const told = [];
        const onWarning = ({ code, message }) => told.push([code, message]);
        return { order: await globalThis.rank({ onWarning }), threads: globalThis.threads, told };
      });
      assert.deepEqual(outcome.order, [1, 0]);
      assert.equal(Math.min(outcome.threads, 2), threads);
      assert.equal(outcome.told.length, warnings.length, JSON.stringify(outcome.told));
      for (const [index, [code, message]] of warnings.entries()) {
        assert.equal(outcome.told[index][0], code);
        assert.ok(outcome.told[index][1].includes(message), outcome.told[index][1]);
      }
    });
  }

  it('ranks with a worker and an engine from places of the page’s own', async () => {
    const outdir = await bundles('own-places', { entryPoints: { page: join(sources, 'page.js') }, format: 'esm' });
    cpSync(installed('rerank-wasm-mini'), outdir, { recursive: true });
    cpSync(join(outdir, 'wasm'), join(outdir, 'assets/engines'), { recursive: true });
    cpSync(installed('rerank-wasm/dist'), join(outdir, 'assets/code'), { recursive: true });
    writeFileSync(join(outdir, 'own-worker.js'), "import './assets/code/worker.js';");
    writeFileSync(join(outdir, 'index.html'), `${page}<script type="module" src="page.js"></script>`);
    const server = await serves(outdir, { 'content-security-policy': policy });
    open = await openPage(browser, `${server.url}/`);
    const order = await open.page.evaluate(() => {
      const worker = () => new Worker('/own-worker.js', { type: 'module' });
      return globalThis.rank({ worker, wasm: new URL('/assets/engines/', location.href) });
    });
    assert.deepEqual(order, [1, 0]);
    const engines = server.requests.filter((path) => path.endsWith('.wasm'));
    assert.deepEqual(engines, ['/assets/engines/rerank-relaxed.wasm']);
    await noWorkers(open.page);
    const failure = await open.page.evaluate(() =>
      globalThis.rank({ worker: () => new Worker('/none.js', { type: 'module' }) }).catch(({ code }) => code),
    );
    assert.equal(failure, 'unsupported_environment');
  });

  it('ranks in a classic service worker', async () => {
    const outdir = await bundles('service', {
      entryPoints: { sw: join(sources, 'service-worker.js') },
      format: 'iife',
      logOverride: { 'empty-import-meta': 'silent' },
    });
    cpSync(installed('rerank-wasm-mini'), join(outdir, 'mini'), { recursive: true });
    writeFileSync(join(outdir, 'index.html'), page);
    const server = await serves(outdir, { 'content-security-policy': policy });
    open = await openPage(browser, `${server.url}/`);
    const order = await open.page.evaluate(async () => {
      await navigator.serviceWorker.register('/sw.js');
      const { active } = await navigator.serviceWorker.ready;
      const { port1, port2 } = new MessageChannel();
      active.postMessage(undefined, [port2]);
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
      });
    });
    assert.deepEqual(order, [1, 0]);
  });

  for (const [where, headers, threads] of [
    ['a worker', {}, 1],
    ['a worker with threads', isolation, 2],
  ]) {
    it(`ranks in ${where} of a page that has it from another origin, as from a CDN`, async () => {
      const cdn = await serves(installed(), {
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
      });
      const directory = join(project.directory, 'cdn');
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'index.html'), page);
      const server = await serves(directory, headers);
      open = await openPage(browser, `${server.url}/`);
      const started = [];
      open.page.on('worker', (worker) => started.push(worker.url()));
      const order = await open.page.evaluate(
        async ([base, threads]) => {
          const { createReranker } = await import(`${base}/rerank-wasm/dist/index.js`);
          const { default: mini } = await import(`${base}/rerank-wasm-mini/index.js`);
          const reranker = await createReranker({ model: mini, threads });
          const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
          await reranker.dispose();
          return results.map(({ index }) => index);
        },
        [cdn.url, threads],
      );
      assert.deepEqual(order, [1, 0]);
      assert.equal(started.length, threads);
      for (const url of started) assert.match(url, /^blob:/);
      await noWorkers(open.page);
      assert.deepEqual(open.complaints, []);
    });
  }
});
