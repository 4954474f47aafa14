import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';

import { Document } from '@langchain/core/documents';
import { createReranker as create, directoryCache } from 'rerank-wasm';
import { rerankWasm } from 'rerank-wasm/ai-sdk';
import { createHandler } from 'rerank-wasm/edge';
import { RerankWasmCompressor } from 'rerank-wasm/langchain';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { tiny, tinyDirectory, tinyRepository } from '../../support/models/tiny.js';
import { cutAfter, inTurn, status, withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const model = 'org/repo';
const graph = 'onnx/model_quantized.onnx';
const api = '/api/models/org/repo';
const commit = '1234'.repeat(10);
const token = 'hf_secret';

describe('a model by the name of its repository', () => {
  const waits = hurry();
  let hub;
  let repositories;
  let files;
  before(async () => {
    hub = await startHub();
    ({ repositories } = hub);
    files = await tinyRepository();
  });
  beforeEach(() => {
    delete process.env.HF_TOKEN;
    delete process.env.HF_ENDPOINT;
    hub.faults.clear();
    repositories.clear();
  });
  after(() => hub.close());

  const createReranker = (options) => create({ model, hub: hub.url, cache: 'none', threads: 1, ...options });

  /** Ranks once with a new reranker. Returns the scores, and all that its user sees meanwhile. */
  async function ranks(options) {
    const seen = [];
    const onProgress = (event) => seen.push(event);
    const onWarning = (warning) => seen.push(warning);
    const reranker = await createReranker({ onProgress, onWarning, ...options });
    seen.push(await reranker.statistics());
    const results = await reranker.rerank('query', ['text', 'another']);
    await reranker.dispose();
    return { scores: results.map(({ score }) => score), seen };
  }

  /** Returns the requests since the last call, in short. */
  function requested() {
    return repositories.seen.splice(0).map(({ server, method, url }) => {
      const path = server === 'store' ? 'a large file' : url;
      return method === 'GET' ? path : `${method} ${path}`;
    });
  }

  const listing = [`${api}/revision/main`, `${api}/tree/${commit}?recursive=true`];
  const downloads = [
    `/org/repo/resolve/${commit}/config.json`,
    `/org/repo/resolve/${commit}/tokenizer.json`,
    'a large file',
    `/org/repo/resolve/${commit}/${graph}`,
    'a large file',
  ];

  it('ranks as the same files do, all from one commit', async () => {
    repositories.publish(model, files, { commit });
    const { scores, seen } = await ranks();
    assert.deepEqual(requested(), [...listing, ...downloads]);
    const reranker = await create({ model: tiny, threads: 1 });
    const expected = await reranker.rerank('query', ['text', 'another']);
    await reranker.dispose();
    assert.deepEqual(
      scores,
      expected.map(({ score }) => score),
    );
    assert.equal(seen.at(-1).model, model);
    const total = seen.find(({ phase, file }) => phase === 'download' && file === 'config').total;
    assert.equal(total, files['config.json'].length);
  });

  it('takes a commit as revision without asking which one it is', async () => {
    repositories.publish(model, files, { commit });
    await ranks({ model: `org/repo@${commit}` });
    assert.deepEqual(requested(), [listing[1], ...downloads]);
  });

  it('takes the graph that `file` names', async () => {
    repositories.publish(model, { ...files, 'int8/my graph#1.onnx': files[graph] }, { commit });
    await ranks({ file: 'int8/my graph#1.onnx' });
    assert.ok(requested().includes(`/org/repo/resolve/${commit}/int8/my%20graph%231.onnx`));
    await rejectsWith(
      createReranker({ file: 'onnx/none.onnx' }),
      'model_not_found',
      /^The repository org\/repo has no "onnx\/none\.onnx"; its ONNX files are onnx\/model_quantized\.onnx, int8\/my graph#1\.onnx\.$/,
    );
  });

  it('takes the best graph that WebAssembly can address', async () => {
    const entries = [{ type: 'file', path: `${graph}_data`, size: 134, lfs: { oid: '0'.repeat(64), size: 7e9 } }];
    repositories.publish(model, { ...files, 'onnx/model.onnx': files[graph] }, { commit, entries });
    await ranks();
    assert.ok(requested().includes(`/org/repo/resolve/${commit}/onnx/model.onnx`));
  });

  it('refuses a graph that is too large before anything is downloaded', async () => {
    const entries = [{ type: 'file', path: `${graph}_data`, size: 134, lfs: { oid: '0'.repeat(64), size: 7e9 } }];
    repositories.publish(model, files, { commit, entries });
    const size =
      /^The ONNX file onnx\/model_quantized\.onnx of the repository org\/repo takes 7\.00 GB of memory with its weights, and WebAssembly can address 4\.23 GB; look for a conversion, such as onnx-community\/repo-ONNX or Xenova\/repo\.$/;
    for (const file of [undefined, graph]) {
      await rejectsWith(createReranker({ file }), 'out_of_memory', size);
      assert.deepEqual(requested(), listing);
    }
  });

  it('needs no config.json', async () => {
    const { 'config.json': _, ...rest } = files;
    repositories.publish(model, rest, { commit });
    await ranks();
    assert.ok(requested().every((path) => !path.endsWith('config.json')));
  });

  it('reads a list of several pages from the server that it asked', async () => {
    repositories.publish(model, files, { commit, pageFiles: 1 });
    await ranks();
    assert.deepEqual(requested().slice(0, 4), [...listing, `${listing[1]}&cursor=1`, `${listing[1]}&cursor=2`]);
  });

  it('ignores paths that leave the repository, and entries that come again', async () => {
    const entries = [
      { type: 'file', path: '../onnx/model_quantized.onnx', size: 1 },
      { type: 'file', path: graph, size: 1, lfs: { oid: '0'.repeat(64), size: 1 } },
    ];
    repositories.publish(model, files, { commit, entries });
    await ranks();
    assert.deepEqual(requested(), [...listing, ...downloads]);
  });

  it('gives way to a directory of this name', async () => {
    const root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    const directory = process.cwd();
    try {
      await cp(tinyDirectory, join(root, 'org', 'repo'), { recursive: true });
      process.chdir(root);
      await ranks({ hub: undefined, worker: false });
      await rejectsWith(createReranker(), 'invalid_input', /^`hub` needs the name of a model on a hub/);
    } finally {
      process.chdir(directory);
      await rm(root, { recursive: true });
    }
    assert.deepEqual(requested(), []);
  });

  it('serves a short name with `file` and `token`, too', async () => {
    const name = 'Xenova/bge-reranker-large';
    repositories.publish(name, { ...files, 'model.onnx': files[graph] }, { token });
    await ranks({ model: 'bge-reranker-large', file: 'model.onnx', token });
    assert.ok(requested().includes(`/${name}/resolve/main/model.onnx`));
    await rejectsWith(createReranker({ model: 'bge-reranker-large' }), 'download_failed', /HTTP 401; check the URL/);
  });

  it('serves the adapters and the HTTP handler, with `file` and `token`', async () => {
    repositories.publish(model, { ...files, 'model.onnx': files[graph] }, { commit, token });
    const options = { model, hub: hub.url, file: 'model.onnx', token, cache: 'none' };
    const { ranking } = await rerankWasm(options).doRerank({
      documents: { type: 'text', values: ['text', 'another'] },
      query: 'query',
    });
    assert.equal(ranking.length, 2);
    const compressor = new RerankWasmCompressor(options);
    assert.equal((await compressor.compressDocuments([new Document({ pageContent: 'text' })], 'query')).length, 1);
    const handle = createHandler({ reranker: options, authenticate: () => true });
    const body = JSON.stringify({ model, query: 'query', documents: ['text', 'another'] });
    const headers = { 'content-type': 'application/json' };
    const answer = await handle(new Request('http://host/v1/rerank', { method: 'POST', headers, body }));
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal((await answer.json()).results.length, 2);
    assert.equal(requested().filter((path) => path.endsWith('/model.onnx')).length, 3);
  });

  describe('with a cache', () => {
    let cache;
    let directory;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
      cache = directoryCache(directory);
    });
    afterEach(() => rm(directory, { recursive: true }));

    it('starts a second time without a network', async () => {
      repositories.publish(model, files, { commit });
      const first = await ranks({ cache });
      requested();
      repositories.clear();
      const second = await ranks({ cache });
      assert.deepEqual(second.scores, first.scores);
      assert.deepEqual(requested(), []);
    });

    it('keeps the choice for each revision and file apart', async () => {
      repositories.publish(model, { ...files, 'model.onnx': files[graph] }, { commit });
      await ranks({ cache });
      requested();
      await ranks({ cache, file: 'model.onnx' });
      assert.deepEqual(requested(), listing);
      await ranks({ cache, model: `org/repo@${commit}` });
      assert.deepEqual(requested(), [listing[1]]);
    });

    it('keeps no choice of a model that did not load', async () => {
      repositories.publish(model, { ...files, [graph]: Buffer.alloc(100_000, 8) }, { commit });
      await rejectsWith(createReranker({ cache }), 'invalid_model');
      repositories.publish(model, files, { commit: '5'.repeat(40) });
      await ranks({ cache });
    });

    it('asks anew where a kept choice has become wrong', async () => {
      repositories.publish(model, files, { commit });
      await ranks({ cache });
      for (const { key } of await cache.list()) if (!key.startsWith('choice')) await cache.delete(key);
      repositories.publish(model, files, { commit: '5'.repeat(40) });
      await rejectsWith(createReranker({ cache }), 'model_not_found');
      await ranks({ cache });
    });

    it('asks anew where the kept choice is damaged', async () => {
      repositories.publish(model, files, { commit });
      await ranks({ cache });
      const { key, ...facts } = (await cache.list()).find(({ key }) => key.startsWith('choice'));
      const writer = await cache.write(key);
      await writer.write(Buffer.from('{"revision":"../../x"'));
      await writer.commit(facts);
      requested();
      await ranks({ cache });
      assert.deepEqual(requested(), listing);
    });

    it('loads without a cache that fails, after one warning', async () => {
      repositories.publish(model, files, { commit });
      for (const fails of ['read', 'write']) {
        const failing = Object.assign(new MemoryCache(), { fails });
        const { seen } = await ranks({ cache: failing });
        assert.deepEqual(
          seen.filter(({ code }) => code).map(({ code }) => code),
          ['cache_failed'],
        );
      }
    });
  });

  describe('with a token', () => {
    const authorised = (server) =>
      new Set(repositories.seen.filter((one) => one.server === server).map((one) => one.authorization));
    const toHub = new Set([`Bearer ${token}`]);
    const toStore = new Set([undefined]);

    it('sends it to the hub, and to no server that the hub redirects to', async () => {
      repositories.publish(model, files, { commit, token });
      await ranks({ token });
      assert.deepEqual([authorised('hub'), authorised('store')], [toHub, toStore]);
    });

    it('sends it with each resumed part, again to the hub alone', async () => {
      repositories.publish(model, files, { commit, token });
      await ranks({ token });
      const path = new URL(repositories.seen.at(-1).url, hub.url).pathname;
      repositories.seen.length = 0;
      const bytes = files[graph];
      repositories.storeFaults.set(path, inTurn(cutAfter(70_000, bytes), withRanges(bytes)));
      await ranks({ token });
      const resumed = repositories.seen.filter(({ range }) => range);
      assert.deepEqual(
        resumed.map(({ server, authorization }) => [server, authorization]),
        [
          ['hub', `Bearer ${token}`],
          ['store', undefined],
        ],
      );
    });

    it('shows it nowhere', async () => {
      const cache = new MemoryCache();
      repositories.publish(model, files, { commit, token });
      const { seen } = await ranks({ token, cache });
      const texts = [inspect(seen, { depth: 9 }), inspect(await cache.list(), { depth: 9 })];
      for (const { key } of await cache.list()) texts.push(await new Response((await cache.read(key)).stream).text());
      const failures = [
        () => repositories.publish(model, files, { commit, token: 'another' }),
        () => repositories.publish(model, files, { commit, gated: true }),
        () => hub.faults.set(`${api}/revision/main`, status(302, { location: 'file:///etc/passwd' })),
        () => hub.faults.set(`${api}/revision/main`, status(302, { location: `${api}/revision/main` })),
        () => hub.faults.set(`${api}/revision/main`, status(500)),
        () => hub.faults.set(`${api}/tree/${commit}`, (_, response) => response.end('no JSON')),
      ];
      for (const prepare of failures) {
        repositories.clear();
        hub.faults.clear();
        prepare();
        const error = await createReranker({ token }).then(assert.fail, (error) => error);
        assert.equal(error.name, 'RerankError');
        texts.push(inspect(error, { depth: 9, showHidden: true }), error.stack);
      }
      assert.ok(texts.every((text) => !text.includes(token)));
    });

    it('of the environment sends it to huggingface.co and to no mirror', async (test) => {
      process.env.HF_TOKEN = ` ${token}\n`;
      repositories.publish(model, files, { commit });
      await ranks();
      assert.deepEqual(authorised('hub'), toStore);
      repositories.clear();
      repositories.publish(model, files, { commit, token });
      const real = globalThis.fetch;
      test.mock.method(globalThis, 'fetch', (url, init) => real(url.replace('https://huggingface.co', hub.url), init));
      await ranks({ hub: undefined, worker: false });
      assert.deepEqual([authorised('hub'), authorised('store')], [toHub, toStore]);
      repositories.publish(model, files, { commit, token: 'another' });
      hub.faults.set(`${api}/revision/main`, status(401));
      await rejectsWith(
        createReranker({ hub: undefined }),
        'download_failed',
        /Check the environment's HF_TOKEN: it may/,
      );
    });
  });

  describe('on the hub of the environment', () => {
    it('is found there, with the token of the environment', async () => {
      repositories.publish(model, files, { commit, token });
      Object.assign(process.env, { HF_TOKEN: token, HF_ENDPOINT: ` ${hub.url}/ ` });
      await ranks({ hub: undefined });
      const sent = repositories.seen.map(({ server, authorization }) => [server, authorization === `Bearer ${token}`]);
      assert.ok(sent.length > 0 && sent.every(([server, has]) => has === (server === 'hub')), `${sent}`);
    });

    it('sends the token to no other hub that the caller names', async () => {
      repositories.publish(model, files, { commit });
      Object.assign(process.env, { HF_TOKEN: token, HF_ENDPOINT: 'https://hub.invalid' });
      await ranks();
      assert.ok(repositories.seen.every(({ authorization }) => authorization === undefined));
    });

    it('need not be a URL where the caller names another', async () => {
      repositories.publish(model, files, { commit });
      Object.assign(process.env, { HF_TOKEN: token, HF_ENDPOINT: 'hub.example' });
      await ranks();
      assert.ok(repositories.seen.every(({ authorization }) => authorization === undefined));
    });

    it('is found there by a published name, below a path, with the token', async () => {
      Object.assign(process.env, { HF_TOKEN: token, HF_ENDPOINT: `${hub.url}/proxied/hub` });
      const path = '/proxied/hub/Xenova/bge-reranker-base/resolve/280bcc27a84e0b898c251e06fddb25171bd9b101/config.json';
      const seen = [];
      hub.faults.set(path, (request, response) => {
        seen.push(request.headers.authorization);
        response.writeHead(404).end();
      });
      await rejectsWith(createReranker({ model: undefined, hub: undefined }), 'model_not_found');
      assert.deepEqual(seen, [`Bearer ${token}`]);
    });

    it('must be a URL', async () => {
      for (const HF_ENDPOINT of ['hub.example', 'ftp://hub.example']) {
        Object.assign(process.env, { HF_ENDPOINT });
        const message =
          /^The environment's HF_ENDPOINT must be an absolute http: or https: URL; correct it, or pass `hub`\.$/;
        await rejectsWith(createReranker({ hub: undefined }), 'invalid_input', message);
      }
      process.env.HF_ENDPOINT = '';
      await rejectsWith(createReranker({ model: 'mini', hub: undefined }), 'model_not_found');
    });
  });

  describe('that the hub refuses', () => {
    it('says that the repository does not exist or is private', async () => {
      const message =
        /^The repository org\/repo does not exist, is private or is gated: the hub answered with HTTP 401\. Check the name, or pass a `token` that may read it\. There is no directory "org\/repo" here either\.$/;
      await rejectsWith(createReranker(), 'model_not_found', message);
      repositories.publish(model, files, { commit, token });
      await rejectsWith(createReranker(), 'model_not_found', message);
      await rejectsWith(
        createReranker({ token: 'wrong' }),
        'model_not_found',
        /Check the name, and whether `token` may read it\./,
      );
    });

    it('says that the repository is gated', async () => {
      repositories.publish(model, files, { commit, gated: true });
      await rejectsWith(
        createReranker(),
        'download_failed',
        /^The repository org\/repo is gated: the hub answered with HTTP 401\. Accept its terms/,
      );
    });

    it('says that there is no such revision', async () => {
      repositories.publish(model, files, { commit });
      await rejectsWith(
        createReranker({ model: 'org/repo@v9' }),
        'model_not_found',
        /^The repository org\/repo has no revision "v9": /,
      );
    });

    it('waits as long as a busy hub asks', async () => {
      repositories.publish(model, files, { commit });
      const answer = (request, response) => repositories.answer(request, response);
      hub.faults.set(`${api}/revision/main`, inTurn(status(429, { 'retry-after': '7' }), answer));
      await ranks();
      assert.deepEqual(waits, [7000]);
      hub.faults.set(`${api}/revision/main`, status(429));
      await rejectsWith(createReranker(), 'download_failed', /HTTP 429; try again later\.$/);
    });

    it('says that a file differs from the list', async () => {
      repositories.publish(model, files, { commit });
      await ranks();
      const path = new URL(repositories.seen.at(-1).url, hub.url).pathname;
      const wrong = Buffer.from(files[graph]);
      wrong[wrong.length - 9] ^= 1;
      repositories.storeFaults.set(path, withRanges(wrong));
      await rejectsWith(createReranker(), 'integrity_mismatch', /onnx\/model_quantized\.onnx/);
    });

    it('says which forms it has, where the engine can run none', async () => {
      const { [graph]: bytes, ...rest } = files;
      repositories.publish(model, { ...rest, 'onnx/model_q4.onnx': bytes }, { commit });
      await rejectsWith(createReranker(), 'unsupported_model', /: onnx\/model_q4\.onnx; look for a conversion/);
      repositories.publish(model, { ...rest }, { commit });
      await rejectsWith(createReranker(), 'model_not_found', /has no ONNX file; look for a conversion/);
      repositories.publish(model, { [graph]: bytes, 'vocab.txt': bytes }, { commit });
      await rejectsWith(createReranker(), 'unsupported_model', /no tokenizer\.json, .*\(it has vocab\.txt\)/);
    });

    it('ends at once when it is aborted while the list is on its way', async () => {
      hub.faults.set(`${api}/revision/main`, () => {});
      await rejectsWith(createReranker({ signal: AbortSignal.timeout(30) }), 'aborted');
    });
  });

  describe('whose list is damaged', () => {
    const tree = `${api}/tree/${commit}`;
    beforeEach(() => repositories.publish(model, files, { commit }));

    it('asks again after a cut, and twice at most', async () => {
      const cut = (request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('[{', () => request.socket.destroy());
      };
      const answer = (request, response) => repositories.answer(request, response);
      hub.faults.set(tree, inTurn(cut, answer));
      await ranks();
      assert.deepEqual(requested().slice(1), [listing[1], ...downloads]);
      hub.faults.set(tree, cut);
      await ranks();
      assert.deepEqual(requested().slice(0, 3), [
        listing[0],
        `HEAD /org/repo/resolve/main/${graph}`,
        'HEAD a large file',
      ]);
    });

    const answers = {
      'is no JSON, or was cut short': '[{"type":"file","path":"onnx/mod',
      'is no JSON array': '{"error":"x"}',
      'has an entry without a path': '[{"type":"file"}]',
    };
    for (const [what, text] of Object.entries(answers)) {
      it(`says that it ${what}`, async () => {
        hub.faults.set(tree, (_, response) => response.end(text));
        await rejectsWith(
          createReranker(),
          'download_failed',
          new RegExp(`^The hub's list of the files of ${model} ${what}\\. `),
        );
      });
    }

    it('says that it has no end', async () => {
      let page = 0;
      const next = (cursor) => (_, response) => {
        page += 1;
        response.setHeader('link', `<${hub.url}${tree}?cursor=${cursor(page)}>; rel="next"`);
        response.end('[]');
      };
      hub.faults.set(
        tree,
        next((page) => page),
      );
      await rejectsWith(createReranker(), 'download_failed', /has no end after 20 pages/);
      assert.equal(page, 20);
      hub.faults.set(
        tree,
        next(() => 'same'),
      );
      await rejectsWith(createReranker(), 'download_failed', /repeats the same page/);
      assert.equal(page, 22);
    });
  });

  describe('on a mirror without the interface that lists files', () => {
    const found = [
      `HEAD /org/repo/resolve/main/${graph}`,
      'HEAD a large file',
      'HEAD /org/repo/resolve/main/config.json',
    ];
    const branch = downloads.map((path) => path.replace(commit, 'main'));

    const servers = {
      'has no such address': status(404),
      'forbids it': status(403),
      'sends a page': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'breaks off': (request) => request.socket.destroy(),
    };
    for (const [what, answer] of Object.entries(servers)) {
      it(`that ${what}, it takes the first usual file that exists`, async () => {
        repositories.publish(model, files, { commit });
        for (const path of [`${api}/revision/main`, `${api}/tree/main`]) hub.faults.set(path, answer);
        await ranks();
        assert.deepEqual(requested(), [...found, ...branch]);
      });
    }

    it('tries one path after the other', async () => {
      const { [graph]: bytes, 'config.json': _, ...rest } = files;
      repositories.publish(model, { ...rest, 'model.onnx': bytes }, { commit });
      for (const path of [`${api}/revision/main`, `${api}/tree/main`]) hub.faults.set(path, status(404));
      await ranks();
      const tried = requested();
      assert.deepEqual(
        tried.filter((path) => path.startsWith('HEAD') && /model_quantized|model\.onnx/.test(path)),
        ['onnx/model_quantized.onnx', 'model_quantized.onnx', 'onnx/model.onnx', 'model.onnx'].map(
          (path) => `HEAD /org/repo/resolve/main/${path}`,
        ),
      );
      assert.equal(tried.at(-2), '/org/repo/resolve/main/model.onnx');
    });

    it('says that none was found', async () => {
      const bare = await startHub();
      try {
        await rejectsWith(
          create({ model: 'mini/none', hub: `${bare.url}/mirror`, cache: 'none' }),
          'model_not_found',
          /^http:\/\/127\.0\.0\.1:\d+ has none of the usual ONNX files of mini\/none at main, and no list of its files; check/,
        );
      } finally {
        await bare.close();
      }
    });

    it('starts a second time without a network', async () => {
      const cache = new MemoryCache();
      repositories.publish(model, files, { commit });
      for (const path of [`${api}/revision/main`, `${api}/tree/main`]) hub.faults.set(path, status(404));
      await ranks({ cache });
      requested();
      repositories.clear();
      await ranks({ cache });
      assert.deepEqual(requested(), []);
    });
  });
});
