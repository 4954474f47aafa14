import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { clearCache, createReranker, directoryCache, isCached, listCache } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { miniFile } from '../../support/models/mini.js';
import { withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const path = '/mini/onnx/model_quantized.onnx';
const block = 1 << 18;
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
      const { write, end } = response;
      const counted =
        (send) =>
        (chunk, ...rest) => {
          if (chunk instanceof Uint8Array) sent += chunk.length;
          return send.call(response, chunk, ...rest);
        };
      Object.assign(response, { write: counted(write), end: counted(end) });
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
      await new Promise((resolve) => setTimeout(resolve, 20));
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

  /** Asserts that the graph is in the cache, and nothing of the downloads is left beside it. */
  async function isWhole(model) {
    assert.deepEqual([await namesEnding('.part'), await namesEnding('.blocks')], [[], []]);
    assert.ok((await listCache()).some(({ size }) => size === graph.length));
    answer((_, response) => response.writeHead(500).end());
    await ranks(model);
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
      while (!/-0-0-[^/]*part$/.test(await only('.part'))) await new Promise(setImmediate);
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
    await rejectsWith(ranks(models.unpinned), 'download_failed');
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

  const damages = {
    'a changed bit': [
      async () => {
        const bytes = await readFile(await only('.part'));
        bytes[15_000_000] ^= 4;
        await writeFile(await only('.part'), bytes);
      },
      Math.floor(15_000_000 / block) * block,
    ],
    'zeros at its end': [
      async () => {
        const bytes = await readFile(await only('.part'));
        await writeFile(await only('.part'), bytes.fill(0, 20_000_000));
      },
      Math.floor(20_000_000 / block) * block,
    ],
    'a lost end': [async () => truncate(await only('.part'), 10 * block + 5), 10 * block],
    'a journal that was cut': [
      async () => truncate(await only('.blocks'), (await stat(await only('.blocks'))).size - 5),
      undefined,
    ],
    'a journal with other text': [
      async () => {
        const [head, ...lines] = (await readFile(await only('.blocks'), 'utf8')).split('\n');
        await writeFile(await only('.blocks'), [head, ...lines.slice(0, 7), 'garbage!', ...lines.slice(8)].join('\n'));
      },
      7 * block,
    ],
    'an empty journal': [async () => truncate(await only('.blocks'), 0), 0],
    'no journal': [async () => rm(await only('.blocks')), 0],
    'no bytes': [async () => truncate(await only('.part'), 0), 0],
    'no file': [async () => rm(await only('.part')), 0],
  };
  for (const [what, [damage, sound]] of Object.entries(damages)) {
    it(`goes on behind what is sound where its file has ${what}`, async () => {
      for (const kind of ['pinned', 'unpinned']) {
        await clearCache();
        await dies(models[kind]);
        await damage();
        await ranks(models[kind]);
        const expected = sound ?? Math.floor(most() / block) * block - block;
        assert.deepEqual(ranges, [expected > 0 ? `bytes=${expected}-` : undefined]);
        for (const path of await namesEnding('.blocks')) await rm(path);
        await isWhole(models[kind]);
      }
    });
  }

  it('is completed by one of several processes that start at once, and all of them work', async () => {
    await dies(models.unpinned);
    const others = [start(models.unpinned), start(models.unpinned), start(models.unpinned)];
    for (const child of others) {
      const [code] = await once(child, 'close');
      assert.equal(code, 0, child.errors);
    }
    assert.ok(ranges.filter((range) => range !== undefined).length <= 1, `${ranges}`);
    await isWhole(models.unpinned);
  });

  it('is left alone while its process runs', async () => {
    answer(slowly(graph));
    const child = start(models.unpinned);
    while ((await namesEnding('.blocks')).length === 0 || sent < most()) await new Promise(setImmediate);
    answer(withRanges(graph));
    await ranks(models.unpinned);
    assert.deepEqual([ranges, child.exitCode], [[undefined], null]);
    await only('.part');
  });

  it('goes on where a container starts again, and its process has the same number', async () => {
    await dies(models.unpinned);
    const part = await only('.part');
    const restarted = part.replace(/-\d+-([0-9a-f]+)-/, (_, start) => `-${process.pid}-${start}-`);
    await rename(part, restarted.replace(/-([0-9a-f]+)-([0-9a-f]{8}-)/, '-1-$2'));
    await ranks(models.unpinned);
    assert.ok(sent < graph.length / 10, `${sent}`);
  });

  it('is no file of the cache, is cleared with it, and is dropped after a week', async () => {
    await dies(models.unpinned);
    const kept = (await stat(await only('.part'))).size;
    const entries = await listCache();
    assert.deepEqual([entries.length, await directoryCache(directory).list()], [2, entries]);
    const bytes = entries.reduce((sum, { size }) => sum + size, kept);
    assert.deepEqual(await clearCache(), { files: 3, bytes });
    assert.deepEqual(await readdir(directory), []);
    await dies(models.unpinned);
    const other = { name: 'other', files: { ...models.pinned.files, config: `${hub.model}/config.json?other` } };
    await ranks(other);
    const days = (count) => new Date(Date.now() - count * 24 * 3_600_000);
    for (const [age, names] of [
      [6, 1],
      [8, 0],
    ]) {
      for (const path of [...(await namesEnding('.part')), ...(await namesEnding('.blocks'))]) {
        await utimes(path, days(age), days(age));
      }
      for (const { key } of await listCache()) await directoryCache(directory).delete(key);
      await ranks(other);
      assert.deepEqual([(await namesEnding('.part')).length, (await namesEnding('.blocks')).length], [names, names]);
    }
  });

  it('keeps nothing that is smaller than a block', async () => {
    answer((_, response) => {
      response.writeHead(200, { etag: '"one"', 'content-length': graph.length });
      response.write(graph.subarray(0, 1000));
    });
    const controller = new AbortController();
    const onProgress = ({ file, loaded }) => file === 'model' && loaded > 0 && controller.abort('enough');
    await rejectsWith(ranks(models.unpinned, { onProgress, signal: controller.signal }), 'aborted');
    while ((await namesEnding('.part')).length > 0) await new Promise(setImmediate);
    assert.deepEqual(await namesEnding('.blocks'), []);
  });
});
