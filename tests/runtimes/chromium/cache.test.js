import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import mini from 'rerank-wasm-mini';

import { noWorkers, useChromium } from '../../support/browsers/chromium.js';
import { miniDirectory } from '../../support/paths.js';
import { cutAfter, inTurn, withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const support = fileURLToPath(new URL('../../support', import.meta.url));
const graph = 'onnx/model_quantized.onnx';

/** Each of these removes an interface from a page before the page's scripts run. */
const withoutOpfs = () => delete StorageManager.prototype.getDirectory;
const withoutLocks = () => delete Navigator.prototype.locks;

describe('the cache in a page', () => {
  const chromium = useChromium({ folders: { '/support/': support } });
  let open;
  beforeEach(async () => {
    open = await chromium.open('/site/', { bypassCSP: true });
  });
  afterEach(() => open.close());

  /** Returns the paths of the model's files that were requested since the last call. */
  function downloads() {
    const urls = open.requests.splice(0).filter((url) => /\.onnx$|tokenizer\.json$|config\.json$/.test(url));
    return urls.map((url) => new URL(url).pathname);
  }

  const all = ['config.json', 'tokenizer.json', graph].map((path) => `/rerank-wasm-mini/${path}`);

  /** Ranks once with a new reranker. Returns its warnings. */
  function ranks(page, options = {}) {
    return page.evaluate(async ({ base, own, ...options }) => {
      const { createReranker, mini } = await import('/site/tools.js');
      const warnings = [];
      const onWarning = ({ code, message, cause }) => warnings.push(`${code}: ${message} (${cause?.name})`);
      const model = base ? new URL(base, location.href) : mini;
      const cache = own ? globalThis.own : undefined;
      const reranker = await createReranker({ model, onWarning, cache, ...options });
      const results = await reranker.rerank('query', ['text', 'another']);
      await reranker.dispose();
      if (results.length !== 2) throw new Error('no results');
      return warnings;
    }, options);
  }

  /** Returns the names and sizes of files in the package's folder of the private file system. */
  function stored(page) {
    return page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('rerank-wasm', { create: true });
      const sizes = {};
      for await (const [name, handle] of folder.entries()) sizes[name] = (await handle.getFile()).size;
      return sizes;
    });
  }

  for (const options of [{}, { worker: false }, { base: '/rerank-wasm-mini' }]) {
    it(`answers the second start without a request: ${JSON.stringify(options)}`, async () => {
      const { page } = open;
      assert.deepEqual(await ranks(page, options), []);
      assert.deepEqual(downloads(), all);
      assert.deepEqual(await ranks(page, options), []);
      assert.deepEqual(await ranks(page, { ...options, worker: options.worker === undefined ? false : 'auto' }), []);
      assert.deepEqual(downloads(), []);
      const { entries, rest } = await page.evaluate(async () => {
        const { clearCache, listCache } = await import('/rerank-wasm/index.js');
        const entries = await listCache();
        await clearCache();
        return { entries, rest: await listCache() };
      });
      assert.deepEqual(entries.map(({ url }) => new URL(url).pathname).sort(), all.toSorted());
      assert.ok(entries.some(({ size }) => size === mini.files.model.size));
      assert.deepEqual([rest, await stored(page)], [[], {}]);
      await ranks(page, options);
      assert.deepEqual(downloads(), all);
      assert.deepEqual(open.complaints, []);
    });
  }

  it('is the Cache API where there is no private file system', async () => {
    const { page } = open;
    await page.addInitScript(withoutOpfs);
    await page.reload();
    assert.deepEqual(await ranks(page, { worker: false }), []);
    assert.deepEqual(downloads(), all);
    assert.deepEqual(await ranks(page, { worker: false }), []);
    assert.deepEqual(downloads(), []);
    const damaged = await page.evaluate(async () => {
      const cache = await caches.open('rerank-wasm');
      for (const request of await cache.keys()) {
        const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
        if (bytes.length < 20e6) continue;
        bytes[15e6] ^= 4;
        await cache.put(request, new Response(bytes));
        return request.url;
      }
    });
    assert.match(damaged, /^https:/);
    assert.deepEqual(await ranks(page, { worker: false }), []);
    assert.deepEqual(downloads(), all.slice(2));
    assert.deepEqual(await ranks(page, { worker: false }), []);
    assert.deepEqual(downloads(), []);
    const counts = await page.evaluate(async () => {
      const { clearCache, listCache } = await import('/rerank-wasm/index.js');
      const before = await listCache();
      await clearCache();
      return [before.length, (await listCache()).length];
    });
    assert.deepEqual(counts, [3, 0]);
  });

  it('writes facts that are damaged anew, however long they are', async () => {
    const { page } = open;
    await ranks(page);
    const damaged = await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('rerank-wasm');
      let count = 0;
      for await (const [name, handle] of folder.entries()) {
        if (!name.endsWith('.json')) continue;
        const stream = await handle.createWritable();
        await stream.write('{'.repeat(5000));
        await stream.close();
        count += 1;
      }
      return count;
    });
    assert.equal(damaged, 3);
    downloads();
    assert.deepEqual(await ranks(page), []);
    assert.deepEqual(downloads(), all);
    assert.deepEqual(await ranks(page), []);
    assert.deepEqual(downloads(), []);
  });

  const damages = { 'is cut short': 10_000_000, 'is empty': 0, 'has other bytes': mini.files.model.size };
  for (const [what, size] of Object.entries(damages)) {
    it(`downloads a file anew that ${what}, once`, async () => {
      const { page } = open;
      await ranks(page);
      downloads();
      await page.evaluate(async (size) => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('rerank-wasm');
        for await (const handle of folder.values()) {
          if ((await handle.getFile()).size < 20e6) continue;
          const file = await handle.createWritable({ keepExistingData: true });
          await file.write({ type: 'write', position: 5e6, data: 'damage' });
          await file.truncate(size);
          await file.close();
        }
      }, size);
      assert.deepEqual(await ranks(page), []);
      assert.deepEqual(downloads(), all.slice(2));
      assert.deepEqual(await ranks(page), []);
      assert.deepEqual(downloads(), []);
      assert.equal(Object.keys(await stored(page)).length, 6);
    });
  }

  it('lets two tabs that start at once download once', async () => {
    const second = await open.page.context().newPage();
    await second.goto(open.page.url());
    assert.deepEqual(await Promise.all([ranks(open.page), ranks(second)]), [[], []]);
    assert.deepEqual(downloads(), all);
    assert.equal(Object.keys(await stored(second)).length, 6);
  });

  it('stays whole where two tabs download at once because there are no locks', async () => {
    const { page } = open;
    const second = await page.context().newPage();
    for (const tab of [page, second]) {
      await tab.addInitScript(withoutLocks);
      await tab.goto(open.page.url());
    }
    assert.deepEqual(await Promise.all([page, second].map((tab) => ranks(tab, { worker: false }))), [[], []]);
    downloads();
    assert.deepEqual(await Promise.all([page, second].map((tab) => ranks(tab, { worker: false }))), [[], []]);
    assert.deepEqual(downloads(), []);
  });

  it('reads what is kept while another tab replaces it', async () => {
    const { page } = open;
    await ranks(page);
    const seen = await page.evaluate(async () => {
      const { listCache } = await import('/rerank-wasm/index.js');
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('rerank-wasm');
      const names = await Array.fromAsync(folder.keys());
      const facts = await folder.getFileHandle(names.find((name) => name.endsWith('.json')));
      const text = await (await facts.getFile()).text();
      let replaced = 0;
      const replace = async () => {
        for (; replaced < 100; replaced += 1) {
          const file = await facts.createWritable();
          await file.write(text);
          await file.close();
        }
      };
      const counts = new Set();
      const list = async () => {
        while (replaced < 100) counts.add((await listCache()).length);
      };
      await Promise.all([replace(), list(), list()]);
      return [...counts];
    });
    assert.deepEqual(seen, [3]);
  });

  it('ends the wait for another tab when it is aborted', async () => {
    const { page } = open;
    const second = await page.context().newPage();
    await second.goto(page.url());
    const failure = await page.evaluate(async () => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const { promise: held, resolve: release } = Promise.withResolvers();
      await new Promise((begin) => {
        navigator.locks.request(`rerank-wasm sha256:${mini.files.config.sha256}`, () => {
          begin();
          return held;
        });
      });
      const controller = new AbortController();
      const creation = failureOf(createReranker({ model: mini, worker: false, signal: controller.signal }));
      const waits = async () => (await navigator.locks.query()).pending.length > 0;
      while (!(await waits())) await new Promise((resolve) => setTimeout(resolve));
      controller.abort('enough');
      const failure = await creation;
      release();
      return failure;
    });
    assert.match(failure, /^aborted: .*: enough$/);
  });

  it('loses nothing, and keeps nothing partial, when a tab is closed that downloads', async () => {
    const second = await open.page.context().newPage();
    await second.goto(open.page.url());
    await second.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      await new Promise((begun) => {
        createReranker({ model: mini, onProgress: ({ file, loaded }) => file === 'model' && loaded > 0 && begun() });
      });
    });
    await second.close();
    assert.deepEqual(await ranks(open.page), []);
    assert.equal(Object.keys(await stored(open.page)).length, 6);
  });

  for (const worker of ['auto', false]) {
    it(`has no file of a download that is aborted, with worker: ${worker}`, async () => {
      const { page } = open;
      const failure = await page.evaluate(async (worker) => {
        const { createReranker, mini, failureOf } = await import('/site/tools.js');
        const controller = new AbortController();
        const onProgress = ({ file, loaded }) => file === 'model' && loaded > 0 && controller.abort('enough');
        return failureOf(createReranker({ model: mini, worker, signal: controller.signal, onProgress }));
      }, worker);
      assert.match(failure, /^aborted: .*: enough$/);
      await noWorkers(page);
      const entries = await page.evaluate(async () => (await import('/rerank-wasm/index.js')).listCache());
      assert.equal(entries.length, 2);
      assert.deepEqual(await ranks(page), []);
      assert.equal(Object.keys(await stored(page)).length, 6);
    });

    it(`is done without, after one warning, when the quota is used up, with worker: ${worker}`, async () => {
      const { page } = open;
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin, quotaSize: 8e6 });
      const warnings = await ranks(page, { worker });
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /^cache_failed: The cache failed, and the model loads without it: .*\. \(QuotaExceededError\)$/,
      );
      const names = Object.keys(await stored(page));
      assert.equal(names.length, 4, `${names}`);
    });
  }

  it('is done without, after one warning, when the quota of the Cache API is used up', async () => {
    const { page } = open;
    await page.addInitScript(withoutOpfs);
    await page.reload();
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin, quotaSize: 8e6 });
    const warnings = await ranks(page, { worker: false });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^cache_failed: .*\(QuotaExceededError\)$/);
    const entries = await page.evaluate(async () => (await import('/rerank-wasm/index.js')).listCache());
    assert.equal(entries.length, 2);
  });

  it('works in a service worker', async () => {
    const { page } = open;
    const answer = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.register('/support/browsers/service-worker.js', {
        type: 'module',
      });
      const worker = registration.installing ?? registration.waiting ?? registration.active;
      const answers = [];
      for (let start = 0; start < 2; start += 1) {
        const { port1, port2 } = new MessageChannel();
        const answer = new Promise((resolve) => {
          port1.onmessage = ({ data }) => resolve(data);
        });
        worker.postMessage(undefined, [port2]);
        answers.push(await answer);
      }
      await registration.unregister();
      return answers;
    });
    assert.deepEqual(answer, [
      { results: 1, warnings: [] },
      { results: 1, warnings: [] },
    ]);
    assert.deepEqual(downloads(), all);
    assert.equal(Object.keys(await stored(page)).length, 6);
  });

  it('may be your own, which stays in the page', async () => {
    const { page } = open;
    await page.evaluate(async () => {
      const { MemoryCache } = await import('/support/servers/memory-cache.js');
      globalThis.own = new MemoryCache();
    });
    assert.deepEqual(await ranks(page, { own: true }), []);
    assert.deepEqual(downloads(), all);
    assert.deepEqual(await ranks(page, { own: true }), []);
    assert.deepEqual(downloads(), []);
    assert.deepEqual(await stored(page), {});
    await page.evaluate(() => {
      globalThis.own.fails = 'next';
    });
    assert.deepEqual(await ranks(page, { own: true }), [
      'cache_failed: The cache failed, and the model loads without it: next: no room. (QuotaExceededError)',
    ]);
    const open0 = await page.evaluate(async () => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const { MemoryCache } = await import('/support/servers/memory-cache.js');
      const cache = new MemoryCache();
      const controller = new AbortController();
      const onProgress = ({ file, loaded }) => file === 'model' && loaded > 0 && controller.abort();
      const failure = await failureOf(createReranker({ model: mini, cache, onProgress, signal: controller.signal }));
      return [failure.slice(0, 7), cache.open];
    });
    assert.deepEqual(open0, ['aborted', 0]);
    await noWorkers(page);
  });
});

describe('a download in a page from another origin', () => {
  const chromium = useChromium();
  let hub;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub.close());

  for (const pinned of [true, false]) {
    it(`goes on where it was cut, ${pinned ? 'pinned' : 'unpinned'}`, async () => {
      const asked = [];
      for (const path of ['config.json', 'tokenizer.json', graph]) {
        const bytes = await readFile(join(miniDirectory, path));
        const answer = path === graph ? inTurn(cutAfter(3_000_000, bytes), withRanges(bytes)) : withRanges(bytes);
        hub.faults.set(`/mini/${path}`, (request, response) => {
          response.setHeader('access-control-allow-origin', '*');
          response.setHeader('access-control-expose-headers', 'etag');
          // Otherwise the browser's own cache would resume its part of the file.
          response.setHeader('cache-control', 'no-store');
          if (path === graph)
            asked.push([request.method, request.headers.range?.slice(0, 6), request.headers['if-range']]);
          answer(request, response);
        });
      }
      const { page, close } = await chromium.open('/site/', { bypassCSP: true });
      const count = await page.evaluate(
        async ([base, pinned]) => {
          const { createReranker, mini } = await import('/site/tools.js');
          const at = ([role, file]) => {
            const location = file.location.href.replace(/^.*rerank-wasm-mini/, base);
            return [role, pinned ? { ...file, location } : location];
          };
          const model = { name: 'foreign', files: Object.fromEntries(Object.entries(mini.files).map(at)) };
          const reranker = await createReranker({ model, cache: 'none', worker: false });
          const results = await reranker.rerank('query', ['text']);
          await reranker.dispose();
          return results.length;
        },
        [hub.model, pinned],
      );
      assert.equal(count, 1);
      const first = ['GET', undefined, undefined];
      assert.deepEqual(asked, [first, ['GET', 'bytes=', undefined]]);
      await close();
    });
  }
});
