import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { clearCache, createReranker, directoryCache, listCache } from 'rerank-wasm';

import { defaultDirectory } from '#internal/cache/directory.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { miniFile } from '../../support/models/mini.js';
import { withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const graph = 'onnx/model_quantized.onnx';
const paths = ['config.json', 'tokenizer.json', graph];
const keptVariables = ['RERANK_WASM_CACHE', 'XDG_CACHE_HOME'];

describe('the cache', () => {
  hurry();
  const kept = Object.fromEntries(keptVariables.map((name) => [name, process.env[name]]));
  let hub;
  let root;
  let directory;
  let pinned;
  before(async () => {
    hub = await startHub();
    const files = {};
    for (const [index, role] of ['config', 'tokenizer', 'model'].entries()) {
      const bytes = await miniFile(paths[index]);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      files[role] = { location: `${hub.model}/${paths[index]}`, size: bytes.length, sha256 };
    }
    pinned = { name: 'pinned', files };
  });
  beforeEach(async () => {
    hub.faults.clear();
    hub.requests.length = 0;
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    directory = join(root, 'models');
    process.env.RERANK_WASM_CACHE = root;
  });
  afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  after(async () => {
    await hub.close();
    for (const [name, value] of Object.entries(kept)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  async function ranks(options) {
    const warnings = [];
    const reranker = await createReranker({ onWarning: (warning) => warnings.push(warning), ...options });
    assert.equal((await reranker.rerank('query', ['text'])).length, 1);
    await reranker.dispose();
    return warnings;
  }

  /** Returns the paths of the files in the directory with this ending. */
  async function namesEnding(ending) {
    const names = await readdir(directory).catch(() => []);
    return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name));
  }

  /** Starts a process that loads the pinned model. */
  function run({ stdio = 'inherit' } = {}) {
    const script = fileURLToPath(new URL('../../support/models/load-model.mjs', import.meta.url));
    return spawn(process.execPath, [script, JSON.stringify(pinned)], { stdio });
  }

  async function pathOfGraph() {
    for (const path of await namesEnding('.bin')) if ((await stat(path)).size > 20e6) return path;
    return assert.fail('The cache has no file as large as the graph.');
  }

  for (const what of ['pinned', 'unpinned']) {
    it(`of ${what} files answers the second start without a request`, async () => {
      const model = what === 'pinned' ? pinned : hub.model;
      assert.deepEqual(await ranks({ model }), []);
      assert.equal(hub.requests.length, 3);
      assert.deepEqual(await ranks({ model }), []);
      assert.equal(hub.requests.length, 3);
      const entries = await listCache();
      assert.equal(entries.length, 3);
      for (const [role, { location, size, sha256 }] of Object.entries(pinned.files)) {
        const entry = entries.find(({ url }) => url === location);
        // The cache keeps the tokenizer in its compact form.
        if (role === 'tokenizer') assert.ok(entry.size < size && entry.sha256 !== sha256, `${entry.size} of ${size}`);
        else assert.deepEqual([entry.size, entry.sha256], [size, sha256]);
      }
      assert.deepEqual((await namesEnding('')).length, 6);
      await clearCache();
      assert.deepEqual([await listCache(), await namesEnding('')], [[], []]);
      await ranks({ model });
      assert.equal(hub.requests.length, 6);
    });
  }

  it('knows a pinned file wherever it comes from', async () => {
    await ranks({ model: pinned });
    const files = Object.entries(pinned.files).map(([role, file]) => [
      role,
      { ...file, location: 'https://none.invalid/' },
    ]);
    await ranks({ model: { name: 'elsewhere', files: Object.fromEntries(files) } });
  });

  it('is left alone with cache: none, false, and for local files', async () => {
    await ranks({ model: hub.model, cache: 'none' });
    await ranks({ model: hub.model, cache: false });
    await ranks({ model: fileURLToPath(new URL('../../../pkg/mini', import.meta.url)) });
    assert.deepEqual(await namesEnding(''), []);
  });

  it('is refused where it is none', async () => {
    for (const cache of ['yes', true, {}, { ...new MemoryCache() }]) {
      await rejectsWith(createReranker({ model: hub.model, cache }), 'invalid_input', /cache/);
    }
    await rejectsWith(createReranker({ model: hub.model, onWarning: 'loud' }), 'invalid_input', /onWarning/);
  });

  it('lies where the variables say, or a directory that is given', async () => {
    const own = join(root, 'own', 'place');
    await ranks({ model: pinned, cache: directoryCache(own) });
    assert.equal((await readdir(own)).length, 6);
    assert.equal((await directoryCache(own).list()).length, 3);
    delete process.env.RERANK_WASM_CACHE;
    process.env.XDG_CACHE_HOME = join(root, 'xdg');
    await ranks({ model: pinned });
    assert.equal((await readdir(join(root, 'xdg/rerank-wasm/models'))).length, 6);
  });

  it("lies below the user's directory for caches where no variable says more", () => {
    for (const [platform, env, directory] of [
      ['linux', { HOME: '/home/ada' }, '/home/ada/.cache'],
      ['darwin', { HOME: '/Users/ada' }, '/Users/ada/Library/Caches'],
      ['win32', { HOME: '/c/ada', LOCALAPPDATA: '/c/local' }, '/c/local'],
      ['linux', {}, join(homedir(), '.cache')],
    ]) {
      assert.equal(defaultDirectory({ platform, env }), join(directory, 'rerank-wasm/models'));
    }
  });

  const damages = {
    'cut short': (path) => truncate(path, 10_000_000),
    empty: (path) => truncate(path, 0),
    'too long': async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.from('x')])),
    gone: (path) => rm(path),
    async 'changed in one bit'(path) {
      const bytes = await readFile(path);
      bytes[15_000_000] ^= 4;
      await writeFile(path, bytes);
    },
    'without its facts': (path) => rm(path.replace('.bin', '.json')),
    'beside facts that are damaged': (path) => truncate(path.replace('.bin', '.json'), 20),
  };

  for (const [what, damage] of Object.entries(damages)) {
    it(`downloads a file anew that is ${what}, once`, async () => {
      for (const model of [pinned, hub.model]) {
        hub.requests.length = 0;
        await clearCache();
        await ranks({ model });
        await damage(await pathOfGraph());
        assert.deepEqual(await ranks({ model }), []);
        assert.deepEqual(hub.requests.slice(3), [`/mini/${graph}`]);
        await ranks({ model });
        assert.equal(hub.requests.length, 4);
      }
    });
  }

  it('loses a damaged file even where it cannot be downloaded', async () => {
    await ranks({ model: pinned });
    await truncate(await pathOfGraph(), 1000);
    hub.faults.set(`/mini/${graph}`, (_, response) => response.writeHead(404).end());
    await rejectsWith(ranks({ model: pinned }), 'model_not_found');
    assert.equal((await listCache()).length, 2);
  });

  const page = '<!DOCTYPE html><html><body>Sign in</body></html>';
  const refusals = [
    ['a web page', 'download_failed', () => (_, response) => response.end(page)],
    ['a short file', 'integrity_mismatch', (bytes) => (_, response) => response.end(bytes.subarray(0, 1_000_000))],
    ['another file', 'integrity_mismatch', (bytes) => withRanges(Buffer.concat([bytes.subarray(1), Buffer.from('x')]))],
    ['a connection that is always cut', 'download_failed', () => (request) => request.socket.destroy()],
  ];

  for (const [what, code, answer] of refusals) {
    it(`keeps nothing of ${what}`, async () => {
      hub.faults.set(`/mini/${graph}`, answer(await miniFile(graph)));
      await rejectsWith(ranks({ model: pinned }), code);
      assert.equal((await listCache()).length, 2);
      assert.equal((await namesEnding('')).length, 4);
    });
  }

  it('keeps nothing of an unpinned file that the engine does not take', async () => {
    hub.faults.set(`/mini/${graph}`, (_, response) => response.end('version https://git-lfs.github.com/spec/v1'));
    await rejectsWith(ranks({ model: hub.model }), 'invalid_model');
    assert.equal((await namesEnding('')).length, 4);
  });

  it('has no file of a download that is aborted', async () => {
    const controller = new AbortController();
    const onProgress = ({ file, loaded }) => file === 'model' && loaded > 5e6 && controller.abort('enough');
    await rejectsWith(ranks({ model: pinned, onProgress, signal: controller.signal }), 'aborted');
    assert.equal((await listCache()).length, 2);
  });

  it('removes what a process left that was killed', async () => {
    hub.faults.set(`/mini/${graph}`, (_, response) => response.writeHead(200).write(Buffer.alloc(1000, 8)));
    const child = run({ stdio: 'ignore' });
    const sizes = async () => {
      const paths = await namesEnding('.part');
      return Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.size));
    };
    while ((await sizes())[0] !== 1000) await new Promise(setImmediate);
    hub.faults.clear();
    await ranks({ model: hub.model });
    assert.deepEqual(await sizes(), [1000]);
    const [recent, old] = ['0123-1-recent.part', '0123-1-old.part'].map((name) => join(directory, name));
    for (const path of [recent, old]) await writeFile(path, 'of another machine');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(old, longAgo, longAgo);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const { key } of await listCache()) await directoryCache(directory).delete(key);
    await ranks({ model: hub.model });
    assert.deepEqual(await namesEnding('.part'), [recent]);
    assert.equal((await listCache()).length, 3);
  });

  it('may be filled by several processes at once', async () => {
    const ended = async () => assert.deepEqual(await once(run(), 'close'), [0, null]);
    await Promise.all([ended(), ended(), ended()]);
    assert.equal((await namesEnding('')).length, 6);
    const before = hub.requests.length;
    await ranks({ model: pinned });
    assert.equal(hub.requests.length, before);
  });

  it('is done without, after one warning, where its directory cannot be made', async () => {
    await writeFile(directory, 'a file');
    const warnings = await ranks({ model: hub.model });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['cache_failed'],
    );
    assert.ok(warnings[0].cause instanceof Error && warnings[0].message.includes(warnings[0].cause.message));
    await rejectsWith(listCache(), 'unsupported_environment', /^The cache cannot be used here: .*ENOTDIR/);
  });

  it('of your own is filled and read', async () => {
    const cache = new MemoryCache();
    await ranks({ model: hub.model, cache });
    assert.deepEqual(
      (await cache.list()).map(({ url }) => url).sort(),
      paths.map((path) => `${hub.model}/${path}`).sort(),
    );
    await ranks({ model: hub.model, cache });
    assert.equal(hub.requests.length, 3);
    assert.deepEqual([cache.open, await namesEnding('')], [0, []]);
  });

  for (const method of ['read', 'write', 'append', 'commit', 'next']) {
    it(`of your own that fails to ${method} is one warning`, async () => {
      const cache = new MemoryCache();
      if (method === 'next') await ranks({ model: pinned, cache });
      cache.fails = method;
      const warnings = await ranks({ model: pinned, cache });
      assert.deepEqual(
        warnings.map(({ message, cause }) => [message, cause?.name]),
        [[`The cache failed, and the model loads without it: ${method}: no room.`, 'QuotaExceededError']],
      );
      assert.equal(cache.open, 0);
    });
  }

  it('that fails deletes nothing that was kept, and what onWarning throws fails the creation', async () => {
    const cache = new MemoryCache();
    cache.fails = 'append';
    const onWarning = () => {
      throw new Error('mine');
    };
    const error = await rejectsWith(
      ranks({ model: pinned, cache, onWarning }),
      'invalid_input',
      /^`onWarning` threw: mine\.$/,
    );
    assert.equal(error.cause.message, 'mine');
    assert.equal(cache.open, 0);
  });
});
