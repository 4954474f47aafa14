import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { useChromium } from '../../support/browsers/chromium.js';
import { miniDirectory } from '../../support/paths.js';
import { countBytes, withRanges } from '../../support/servers/faults.js';

const graph = 'onnx/model_quantized.onnx';

describe('a download in a tab that was closed', () => {
  const chromium = useChromium();
  /** The site and the model's files on one origin: the site's policy lets its worker fetch from no other. */
  let server;
  let base;
  let open;
  let bytes;
  const faults = new Map();
  let most;
  /** Bytes of the graph that the server sent. */
  let sent;
  let ranges;
  before(async () => {
    bytes = await readFile(join(miniDirectory, graph));
    most = Math.floor(bytes.length * 0.95);
    for (const path of ['config.json', 'tokenizer.json']) {
      faults.set(`/mini/${path}`, withRanges(await readFile(join(miniDirectory, path))));
    }
    server = createServer(async (request, response) => {
      // Otherwise the browser's own cache would resume its part of the file.
      response.setHeader('cache-control', 'no-store');
      const fault = faults.get(new URL(request.url, 'http://site').pathname);
      if (fault) return fault(request, response);
      const answer = await fetch(new URL(request.url, chromium.url));
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
      return response.end(new Uint8Array(await answer.arrayBuffer()));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${server.address().port}`;
  });
  beforeEach(async () => {
    open = await chromium.open(`${base}/site/`);
  });
  afterEach(() => open.close());
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** Answers requests for the graph, and counts from now on what is sent of it. */
  function answer(respond) {
    sent = 0;
    ranges = [];
    faults.set(`/mini/${graph}`, (request, response) => {
      ranges.push(request.headers.range);
      countBytes(response, (bytes) => {
        sent += bytes;
      });
      respond(request, response);
    });
  }

  /** Loads the model in another tab, and closes it when it has 95 % of the graph. */
  async function closesEarly(pinned) {
    answer((_, response) => {
      response.writeHead(200, { etag: '"one"', 'content-length': bytes.length });
      response.write(bytes.subarray(0, most));
    });
    const tab = await open.page.context().newPage();
    await tab.goto(open.page.url());
    await tab.evaluate(
      async ([base, pinned, most]) => {
        const { createReranker, modelAt } = await import('/site/tools.js');
        await new Promise((resolve, reject) => {
          const onProgress = ({ file, loaded }) => file === 'model' && loaded === most && resolve();
          createReranker({ model: modelAt(base, pinned), onProgress }).catch(reject);
        });
      },
      [`${base}/mini`, pinned, most],
    );
    await tab.close();
    answer(withRanges(bytes));
  }

  /** Ranks once with a new reranker. Returns its warnings. */
  function ranks({ pinned = false, page = open.page, ...options } = {}) {
    return page.evaluate(
      async ([base, pinned, options]) => {
        const { createReranker, modelAt } = await import('/site/tools.js');
        const warnings = [];
        const onWarning = ({ code, message }) => warnings.push(`${code}: ${message}`);
        const reranker = await createReranker({ model: modelAt(base, pinned), onWarning, ...options });
        const results = await reranker.rerank('query', ['text', 'another']);
        await reranker.dispose();
        if (results.length !== 2) throw new Error('no results');
        return warnings;
      },
      [`${base}/mini`, pinned, options],
    );
  }

  /** Returns the endings and sizes of the package's files in the private file system, and what the package says of them. */
  function stored(pinned = false) {
    return open.page.evaluate(
      async ([base, pinned]) => {
        const { modelAt } = await import('/site/tools.js');
        const { isCached, listCache } = await import('/rerank-wasm/index.js');
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('rerank-wasm');
        const endings = [];
        for await (const name of folder.keys()) endings.push(name.split('.').at(-1));
        const [entries, isWhole] = [await listCache(), await isCached(modelAt(base, pinned))];
        return { endings: endings.sort().join(' '), entries: entries.length, isWhole };
      },
      [`${base}/mini`, pinned],
    );
  }

  const part = { endings: 'bin bin bin blocks json json', entries: 2, isWhole: false };
  const whole = { endings: 'bin bin bin json json json', entries: 3, isWhole: true };

  for (const pinned of [true, false]) {
    it(`goes on in the next tab: ${pinned ? 'pinned' : 'unpinned'}`, async () => {
      await closesEarly(pinned);
      assert.deepEqual(await stored(pinned), part);
      assert.deepEqual(await ranks({ pinned }), []);
      assert.ok(sent < bytes.length / 10, `${sent} of ${bytes.length}`);
      assert.equal(ranges.length, 1);
      assert.deepEqual(await stored(pinned), whole);
      assert.deepEqual(await ranks({ pinned }), []);
      assert.equal(ranges.length, 1);
    });
  }

  it('goes on in one of two tabs that start at once, and in a page without a worker', async () => {
    await closesEarly();
    const second = await open.page.context().newPage();
    await second.goto(open.page.url());
    assert.deepEqual(await Promise.all([ranks({ worker: false }), ranks({ page: second })]), [[], []]);
    assert.ok(sent < bytes.length / 10, `${sent} of ${bytes.length}`);
    assert.deepEqual(await stored(), whole);
  });

  it('starts over if the server has another version', async () => {
    await closesEarly();
    answer(withRanges(bytes, { etag: '"two"' }));
    assert.deepEqual(await ranks(), []);
    assert.ok(sent >= bytes.length);
    assert.deepEqual(await stored(), whole);
  });

  it('goes on behind what is sound if the file was damaged', async () => {
    await closesEarly();
    await open.page.evaluate(async () => {
      const isHeld = (error) => {
        if (error.name !== 'NoModificationAllowedError') throw error;
      };
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('rerank-wasm');
      for await (const [name, handle] of folder.entries()) {
        if (!name.endsWith('.bin') || (await handle.getFile()).size < 20e6) continue;
        let file;
        // The worker of the closed tab may hold the file for a moment.
        while (!file) file = await handle.createWritable({ keepExistingData: true }).catch(isHeld);
        await file.write({ type: 'write', position: 20e6, data: 'damage' });
        await file.close();
      }
    });
    assert.deepEqual(await ranks(), []);
    assert.deepEqual(ranges, [`bytes=${Math.floor(20e6 / 2 ** 18) * 2 ** 18}-`]);
    assert.deepEqual(await stored(), whole);
  });

  it('is cleared with the cache, and counted', async () => {
    await closesEarly();
    const [cleared, kept] = await open.page.evaluate(async () => {
      const { clearCache, listCache } = await import('/rerank-wasm/index.js');
      const listed = (await listCache()).reduce((sum, { size }) => sum + size, 0);
      const { files, bytes } = await clearCache();
      return [files, bytes - listed];
    });
    assert.deepEqual([cleared, kept], [3, most]);
    assert.deepEqual(await stored(), { endings: '', entries: 0, isWhole: false });
  });

  it('is dropped after a week by the next download', async () => {
    await closesEarly();
    const rest = async (days) => {
      await open.page.evaluate(
        async ([base, days]) => {
          const { createReranker, modelAt, failureOf } = await import('/site/tools.js');
          const { now } = Date;
          Date.now = () => now() + days * 24 * 3_600_000;
          const { files } = modelAt(base, false);
          const config = `${files.config}?${days}`;
          await failureOf(
            createReranker({
              model: { name: 'other', files: { ...files, config, model: `${base}/none` } },
              worker: false,
            }),
          );
          Date.now = now;
        },
        [`${base}/mini`, days],
      );
      return (await stored()).endings.includes('blocks');
    };
    faults.set('/mini/none', (_, response) => response.writeHead(404).end());
    assert.deepEqual([await rest(6), await rest(8)], [true, false]);
  });
});

describe('a page over plain http', () => {
  const chromium = useChromium({ switches: ['--host-resolver-rules=MAP models.test 127.0.0.1'] });

  for (const worker of ['auto', false]) {
    it(`warns once that nothing is kept, with worker: ${worker}`, async () => {
      const at = (host) => new URL('/site/', chromium.url.replace('127.0.0.1', host)).href;
      const warnings = async (url, options) => {
        const { page, close } = await chromium.open(url, { bypassCSP: true });
        const seen = await page.evaluate(async (options) => {
          const { createReranker, mini } = await import('/site/tools.js');
          const { isCached } = await import('/rerank-wasm/index.js');
          const seen = [];
          const onWarning = ({ code, message }) => seen.push(`${code}: ${message}`);
          const reranker = await createReranker({ model: mini, onWarning, ...options });
          await reranker.dispose();
          return [isSecureContext, await isCached(mini), ...seen];
        }, options);
        await close();
        return seen;
      };
      const reason =
        'this page is not a secure context, and browsers store files in one alone; serve it over https, or from localhost';
      const message = `cache_unavailable: Nothing is kept, and each start downloads the model again: ${reason}.`;
      assert.deepEqual(await warnings(at('models.test'), { worker }), [false, false, message]);
      assert.deepEqual(await warnings(at('models.test'), { worker, cache: 'none' }), [false, false]);
      assert.deepEqual(await warnings(at('127.0.0.1'), { worker }), [true, true]);
    });
  }
});

describe('the files of a model in a page', () => {
  const chromium = useChromium();

  it('are listed with sizes before a download, and are known offline after it', async () => {
    const { page, close } = await chromium.open('/site/', { bypassCSP: true });
    const facts = () =>
      page.evaluate(async () => {
        const { mini } = await import('/site/tools.js');
        const { isCached, modelFiles } = await import('/rerank-wasm/index.js');
        const files = await modelFiles(mini);
        return { all: await isCached(mini), files };
      });
    const before = await facts();
    assert.equal(before.all, false);
    assert.deepEqual(
      before.files.map(({ file, cached }) => [file, cached]),
      ['config', 'tokenizer', 'model'].map((file) => [file, false]),
    );
    assert.ok(before.files.every(({ url, size }) => url.startsWith(chromium.url) && size > 0));
    await page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      await (await createReranker({ model: mini })).dispose();
    });
    await page.context().setOffline(true);
    const after = await facts();
    assert.deepEqual(after, { all: true, files: before.files.map((file) => ({ ...file, cached: true })) });
    await close();
  });
});
