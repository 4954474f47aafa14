import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { clearCache, createReranker, directoryCache, isCached, listCache } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { miniFile } from '../../support/models/mini.js';
import { countBytes, withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const path = '/mini/onnx/model_quantized.onnx';
const script = fileURLToPath(new URL('../../support/models/load-model.mjs', import.meta.url));

describe('a download that ended early', () => {
  hurry();
  const variable = process.env.RERANK_WASM_CACHE;
  let hub;
  let graph;
  let models;
  let root;
  let directory;
  let children;
  /** Bytes of the graph that the server sent. */
  let sent;
  let ranges;
  before(async () => {
    hub = await startHub();
    graph = await miniFile('onnx/model_quantized.onnx');
    const sha256 = createHash('sha256').update(graph).digest('hex');
    const tokenizer = `${hub.model}/tokenizer.json`;
    const config = `${hub.model}/config.json`;
    models = {
      unpinned: { name: 'unpinned', files: { model: hub.url + path, tokenizer, config } },
      pinned: {
        name: 'pinned',
        files: { model: { location: hub.url + path, size: graph.length, sha256 }, tokenizer, config },
      },
    };
  });
  beforeEach(async () => {
    hub.faults.clear();
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    directory = join(root, 'models');
    process.env.RERANK_WASM_CACHE = root;
    children = [];
    answer(withRanges(graph));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  });
  after(async () => {
    await hub.close();
    if (variable === undefined) delete process.env.RERANK_WASM_CACHE;
    else process.env.RERANK_WASM_CACHE = variable;
  });

  /** Answers requests for the graph, and counts from now on what is sent of it. */
  function answer(respond) {
    sent = 0;
    ranges = [];
    hub.faults.set(path, (request, response) => {
      ranges.push(request.headers.range);
      countBytes(response, (bytes) => {
        sent += bytes;
      });
      respond(request, response);
    });
  }

  /** Sends the first 95 % of these bytes, and then nothing, as a very slow server does. */
  function slowly(bytes, { etag = '"one"' } = {}) {
    return (_, response) => {
      response.writeHead(200, { ...(etag && { etag }), 'content-length': bytes.length });
      response.write(bytes.subarray(0, most()));
    };
  }

  const most = () => Math.floor(graph.length * 0.95);

  async function namesEnding(ending) {
    const names = await readdir(directory).catch(() => []);
    return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name));
  }

  /** Returns the only file with this ending. */
  async function only(ending) {
    const names = await namesEnding(ending);
    assert.equal(names.length, 1, `${names}`);
    return names[0];
  }

  /** Starts a process that loads the model. */
  function start(model) {
    const child = spawn(process.execPath, [script, JSON.stringify(model)], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    child.errors = '';
    child.stderr.on('data', (data) => {
      child.errors += data;
    });
    return child;
  }

  /** Loads the model in a process, and kills it when it has 95 % of the graph. */
  async function dies(model, respond = slowly(graph)) {
    answer(respond);
    const child = start(model);
    for (;;) {
      const sizes = await Promise.all(
        (await namesEnding('.part')).map(async (path) => (await stat(path).catch(() => undefined))?.size),
      );
      if (sizes.includes(most())) break;
      assert.equal(child.exitCode, null, child.errors);
      await sleep(20);
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    answer(withRanges(graph));
  }

  async function ranks(model, options) {
    const warnings = [];
    const reranker = await createReranker({ model, onWarning: ({ code }) => warnings.push(code), ...options });
    assert.equal((await reranker.rerank('query', ['text'])).length, 1);
    await reranker.dispose();
    assert.deepEqual(warnings, []);
  }

  /** Asserts that the model is in the cache, and nothing of the downloads is left beside it. */
  async function isWhole(model) {
    assert.deepEqual([await namesEnding('.part'), await namesEnding('.blocks')], [[], []]);
    assert.ok((await listCache()).some(({ size }) => size === graph.length));
    assert.equal(await isCached(model), true);
  }

  for (const kind of ['pinned', 'unpinned']) {
    it(`goes on at the next start after its process was killed: ${kind}`, async () => {
      const model = models[kind];
      await dies(model);
      assert.equal((await listCache()).length, 2);
      assert.equal(await isCached(model), false);
      const loaded = [];
      await ranks(model, {
        onProgress: ({ phase, file, loaded: bytes }) => phase === 'download' && file === 'model' && loaded.push(bytes),
      });
      assert.ok(sent < graph.length / 10, `${sent} of ${graph.length}`);
      assert.equal(ranges.length, 1);
      assert.equal(loaded.at(-1), graph.length);
      assert.deepEqual(
        loaded,
        loaded.toSorted((left, right) => left - right),
      );
      await isWhole(model);
    });
  }

  it('goes on in the same process after it was aborted, also in a directory that was given', async () => {
    const cache = directoryCache(directory);
    for (const options of [{}, { cache }]) {
      await clearCache();
      answer(slowly(graph));
      const controller = new AbortController();
      const onProgress = ({ file, loaded }) => file === 'model' && loaded === most() && controller.abort('enough');
      await rejectsWith(ranks(models.unpinned, { ...options, onProgress, signal: controller.signal }), 'aborted');
      while (!/-0-0-[^/]*part$/.test(await only('.part'))) await sleep(20);
      answer(withRanges(graph));
      await ranks(models.unpinned, options);
      assert.ok(sent < graph.length / 10, `${sent}`);
      await isWhole(models.unpinned);
    }
  });

  it('goes on after the network failed for good', async () => {
    answer((request, response) => {
      if (request.headers.range) return request.socket.destroy();
      response.writeHead(200, { etag: '"one"', 'content-length': graph.length });
      response.write(graph.subarray(0, most()), () => setTimeout(() => request.socket.destroy(), 300));
    });
    // The waits before its retries are shorter in this thread.
    await rejectsWith(ranks(models.unpinned, { worker: false }), 'download_failed');
    answer(withRanges(graph));
    await ranks(models.unpinned);
    assert.ok(sent < graph.length / 5, `${sent}`);
    await isWhole(models.unpinned);
  });

  it('starts over if the server has another version', async () => {
    await dies(models.unpinned);
    answer(withRanges(graph, { etag: '"two"' }));
    await ranks(models.unpinned);
    assert.equal(sent, graph.length);
    await isWhole(models.unpinned);
  });

  it('starts over if the server sends no parts, or hides which ones', async () => {
    for (const respond of [
      (_, response) => response.writeHead(200, { etag: '"one"', 'content-length': graph.length }).end(graph),
      ({ headers }, response) =>
        headers.range ? response.writeHead(206, { 'content-range': 'bytes 5-9/*' }).end('five!') : response.end(graph),
      ({ headers }, response) => (headers.range ? response.writeHead(416).end() : response.end(graph)),
    ]) {
      await clearCache();
      await dies(models.unpinned);
      answer(respond);
      await ranks(models.unpinned);
      assert.ok(sent >= graph.length);
      await isWhole(models.unpinned);
    }
  });

  it('starts over if the server of a pinned file had another file before', async () => {
    const other = Buffer.from(graph);
    other[1_000_000] ^= 1;
    await dies(models.pinned, slowly(other));
    await ranks(models.pinned);
    assert.equal(ranges.length, 2);
    assert.equal(ranges[1], undefined);
    await isWhole(models.pinned);
  });

  it('fails, and keeps nothing, if the server of a pinned file has another file', async () => {
    const other = Buffer.from(graph);
    other[1_000_000] ^= 1;
    await dies(models.pinned, slowly(other));
    answer(withRanges(other));
    await rejectsWith(ranks(models.pinned), 'integrity_mismatch');
    assert.deepEqual([await namesEnding('.part'), await namesEnding('.blocks')], [[], []]);
    answer(withRanges(graph));
    await ranks(models.pinned);
  });

  it('starts over if nothing of its file is sound', async () => {
    await dies(models.pinned);
    await truncate(await only('.blocks'), 10);
    await ranks(models.pinned);
    assert.deepEqual(ranges, [undefined]);
    await isWhole(models.pinned);
  });

  it('is completed by one of several processes that start at once, and all of them work', async () => {
    await dies(models.unpinned);
    const others = [start(models.unpinned), start(models.unpinned), start(models.unpinned)];
    const ends = await Promise.all(others.map((child) => once(child, 'close')));
    for (const [index, [code]] of ends.entries()) assert.equal(code, 0, others[index].errors);
    assert.ok(ranges.filter((range) => range !== undefined).length <= 1, `${ranges}`);
    await isWhole(models.unpinned);
  });

  it('is left alone while its process runs', async () => {
    answer(slowly(graph));
    const child = start(models.unpinned);
    while ((await namesEnding('.blocks')).length === 0 || sent < most()) await sleep(20);
    answer(withRanges(graph));
    await ranks(models.unpinned);
    assert.deepEqual([ranges, child.exitCode], [[undefined], null]);
    await only('.part');
  });

  it('is no file of the cache, and is cleared with it', async () => {
    await dies(models.unpinned);
    const kept = (await stat(await only('.part'))).size;
    const entries = await listCache();
    assert.deepEqual([entries.length, await directoryCache(directory).list()], [2, entries]);
    const bytes = entries.reduce((sum, { size }) => sum + size, kept);
    assert.deepEqual(await clearCache(), { files: 3, bytes });
    assert.deepEqual(await readdir(directory), []);
  });
});
