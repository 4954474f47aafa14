import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { clearCache, createReranker, directoryCache, isCached, modelFiles } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { tinyBytes, tinyDirectory, tinyRepository } from '../../support/models/tiny.js';
import { status } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const graph = 'onnx/model_quantized.onnx';
const roles = { config: 'config.json', tokenizer: 'tokenizer.json', model: graph };
const repository = 'org/repo';

describe('the files of a model', () => {
  hurry();
  const variable = process.env.RERANK_WASM_CACHE;
  let hub;
  let files;
  let root;
  before(async () => {
    hub = await startHub();
    files = await tinyRepository();
  });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    process.env.RERANK_WASM_CACHE = root;
    hub.faults.clear();
    hub.repositories.clear();
    hub.repositories.publish(repository, files);
    for (const [path, bytes] of Object.entries(files)) {
      hub.faults.set(`/tiny/${path}`, (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      });
    }
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  after(async () => {
    await hub.close();
    if (variable === undefined) delete process.env.RERANK_WASM_CACHE;
    else process.env.RERANK_WASM_CACHE = variable;
  });

  const sizes = () => Object.entries(roles).map(([role, path]) => [role, files[path].length]);

  async function load(model, options) {
    await (await createReranker({ model, threads: 1, ...options })).dispose();
  }

  /** Makes every request to the hub fail. */
  function goOffline() {
    hub.repositories.clear();
    for (const path of hub.faults.keys()) hub.faults.set(path, status(500));
    hub.requests.length = 0;
  }

  const source = (pins) => ({
    name: 'mine',
    files: Object.fromEntries(
      Object.entries(roles).map(([role, path]) => {
        const location = `${hub.url}/tiny/${path}`;
        return [role, pins ? { location, size: files[path].length } : location];
      }),
    ),
  });

  const forms = {
    'a repository': () => [repository, { hub: hub.url }],
    'a URL': () => [`${hub.url}/tiny`, {}],
    'a URL object': () => [new URL(`${hub.url}/tiny`), {}],
    'a source of URLs': () => [source(false), {}],
    'a source of URLs with sizes': () => [source(true), {}],
  };
  for (const [what, form] of Object.entries(forms)) {
    it(`of ${what} are listed before the download and after it, then without a request`, async () => {
      const [model, options] = form();
      for (const cache of ['auto', directoryCache(join(root, 'own')), new MemoryCache()]) {
        const wish = { ...options, cache };
        hub.requests.length = 0;
        assert.equal(await isCached(model, wish), false);
        assert.deepEqual(hub.requests, []);
        const before = await modelFiles(model, wish);
        assert.deepEqual(
          before.map(({ file, size }) => [file, size]),
          sizes(),
        );
        for (const { file, url, cached, ...rest } of before) {
          assert.deepEqual([url.startsWith(hub.url), cached, Object.keys(rest)], [true, false, ['size']], file);
        }
        await load(model, wish);
        hub.requests.length = 0;
        assert.equal(await isCached(model, wish), true);
        const after = await modelFiles(model, wish);
        assert.deepEqual(hub.requests, []);
        assert.deepEqual(
          after.map(({ file, url, cached }) => [file, url, cached]),
          before.map(({ file, url }) => [file, url, true]),
        );
        assert.equal(await isCached(model, { ...wish, cache: 'none' }), false);
      }
    });
  }

  it('of the default model are known without a request', async () => {
    const found = await modelFiles(undefined, { cache: 'none' });
    assert.deepEqual(
      found.map(({ file, size, cached }) => [file, size, cached]),
      [
        ['config', 782, false],
        ['tokenizer', 17_098_079, false],
        ['model', 279_301_077, false],
      ],
    );
    assert.match(found[2].url, /^https:\/\/huggingface\.co\/Xenova\/bge-reranker-base\/resolve\/280bcc/);
    assert.equal(await isCached(), false);
  });

  it('are cached in part if one was removed', async () => {
    const cache = new MemoryCache();
    await load(source(false), { cache });
    await cache.delete(`${hub.url}/tiny/${graph}`);
    assert.equal(await isCached(source(false), { cache }), false);
    const found = await modelFiles(source(false), { cache });
    assert.deepEqual(
      found.map(({ cached }) => cached),
      [true, true, false],
    );
  });

  it('on this machine need no download', async () => {
    const bytes = await tinyBytes();
    const blobs = Object.entries(bytes.files).map(([role, file]) => [role, new Blob([file])]);
    const urls = Object.entries(roles).map(([role, path]) => [role, pathToFileURL(join(tinyDirectory, path))]);
    for (const [model, hasUrl] of [
      [tinyDirectory, true],
      [pathToFileURL(tinyDirectory), true],
      [{ name: 'urls', files: Object.fromEntries(urls) }, true],
      [bytes, false],
      [{ name: 'blobs', files: Object.fromEntries(blobs) }, false],
    ]) {
      assert.equal(await isCached(model), true);
      const found = await modelFiles(model);
      assert.deepEqual(
        found.map(({ file, size, cached }) => [file, size, cached]),
        sizes().map(([role, size]) => [role, size, true]),
      );
      assert.ok(found.every(({ url }) => (hasUrl ? url.startsWith('file:') : url === undefined)));
    }
  });

  it('that functions open are no files of the cache', async () => {
    const opens = Object.entries(roles).map(([role, path]) => [role, () => new Response(files[path])]);
    const model = { name: 'functions', files: Object.fromEntries(opens) };
    assert.equal(await isCached(model), false);
    const fact = (file) => ({ file, url: undefined, size: undefined, cached: false });
    assert.deepEqual(await modelFiles(model), ['config', 'tokenizer', 'model'].map(fact));
  });

  it('may have no size that the server says', async () => {
    hub.faults.set(`/tiny/${graph}`, (_, response) => response.writeHead(200).end(files[graph]));
    hub.faults.set('/tiny/config.json', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end());
    const found = await modelFiles(source(false));
    assert.deepEqual(
      found.map(({ size }) => size),
      [undefined, files['tokenizer.json'].length, undefined],
    );
  });

  it('have sizes where the server allows GET alone, as a signed URL does', async () => {
    const { url, faults } = hub;
    for (const code of [403, 405]) {
      const answer = faults.get(`/tiny/${graph}`);
      faults.set(`/tiny/${graph}`, status(302, { location: `${url}/signed` }));
      faults.set('/signed', (request, response) =>
        (request.method === 'GET' ? answer : status(code))(request, response),
      );
      assert.equal((await modelFiles(source(false)))[2].size, files[graph].length, `HTTP ${code}`);
      faults.set('/signed', status(code));
      await rejectsWith(modelFiles(source(false)), 'download_failed', new RegExp(`HTTP ${code}`));
      faults.set(`/tiny/${graph}`, answer);
    }
  });

  it('are not asked for again if the hub refuses them', async () => {
    const path = '/Xenova/bge-reranker-base/resolve/280bcc27a84e0b898c251e06fddb25171bd9b101/onnx/other.onnx';
    const methods = [];
    hub.faults.set(path, (request, response) => {
      methods.push(request.method);
      status(403, { 'x-error-code': 'GatedRepo' })(request, response);
    });
    const options = { hub: hub.url, file: 'onnx/other.onnx', token: 'mine' };
    await rejectsWith(modelFiles('bge-reranker-base', options), 'download_failed', /gated/);
    assert.deepEqual(methods, ['HEAD']);
  });

  it('below a URL may lack the configuration', async () => {
    hub.faults.set('/tiny/config.json', status(404));
    const model = `${hub.url}/tiny`;
    const found = await modelFiles(model);
    assert.deepEqual(
      found.map(({ file, size }) => [file, size]),
      sizes().slice(1),
    );
    assert.equal(await isCached(model), false);
    await load(model);
    assert.equal(await isCached(model), true);
    await rejectsWith(modelFiles(source(false)), 'model_not_found', /config\.json/);
  });

  it('count weights beside the graph, as the list of the repository has them', async () => {
    const data = new Uint8Array(123);
    const others = { 'onnx/model.onnx': data, 'onnx/model.onnx_data': data };
    hub.repositories.publish(repository, { ...files, ...others, 'onnx/model_quantized.onnx_data': data });
    const found = await modelFiles(repository, { hub: hub.url });
    assert.deepEqual(found.map(({ file, size, url }) => [file, size, url.split('/').at(-1)]).slice(2), [
      ['model', files[graph].length, 'model_quantized.onnx'],
      ['data', 123, 'model_quantized.onnx_data'],
    ]);
  });

  it('fail as the creation does', async () => {
    await rejectsWith(modelFiles(`${hub.url}/none`), 'model_not_found', /HTTP 404/);
    await rejectsWith(modelFiles('org/none', { hub: hub.url }), 'model_not_found', /org\/none/);
    await rejectsWith(isCached('/no/such/directory'), 'model_not_found');
    for (const call of [isCached, modelFiles]) {
      await rejectsWith(call(7), 'invalid_input', /`model`/);
      await rejectsWith(call(undefined, { Cache: 'none' }), 'invalid_input', /unknown property "Cache"/);
      await rejectsWith(call(undefined, { cache: 'some' }), 'invalid_input', /`cache`/);
      await rejectsWith(call(undefined, { signal: AbortSignal.abort() }), 'aborted');
    }
  });

  it('are not cached where the cache cannot be read', async () => {
    await load(source(false));
    assert.equal(await isCached(source(false)), true);
    await clearCache();
    await rm(join(root, 'models'), { recursive: true });
    await writeFile(join(root, 'models'), 'a file');
    assert.equal(await isCached(source(false)), false);
  });

  it('are known offline by the name of a repository', async () => {
    await load(repository, { hub: hub.url });
    goOffline();
    assert.equal(await isCached(repository, { hub: hub.url }), true);
    assert.ok((await modelFiles(repository, { hub: hub.url })).every(({ cached }) => cached));
    assert.equal(await isCached(`${repository}@v2`, { hub: hub.url }), false);
    assert.deepEqual(hub.requests, []);
  });
});
