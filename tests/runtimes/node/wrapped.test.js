import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { reactive } from '@vue/reactivity';
import { createReranker, directoryCache } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { deep, wrappers } from '../../support/asserts/wrappers.js';
import { tiny, tinyAt } from '../../support/models/tiny.js';
import { startHub } from '../../support/servers/hub.js';

const query = 'query';
const documents = [{ text: 'one' }, { text: 'two words' }, { text: 'three more words' }];
const texts = documents.map(({ text }) => text);

describe('a reranker', () => {
  let reranker;
  let expected;
  beforeEach(async () => {
    reranker = await createReranker({ model: tiny });
    expected = await reranker.rerank(query, texts);
  });
  afterEach(() => reranker.dispose());

  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`works behind ${name}`, async () => {
      const wrapped = wrap(reranker);
      assert.deepEqual(await wrapped.rerank(query, texts), expected);
      const streamed = await collect(wrapped.stream(query, texts));
      assert.deepEqual(
        streamed,
        expected.slice().sort((left, right) => left.index - right.index),
      );
      assert.equal((await wrapped.statistics()).model, 'tiny');
      await wrapped.dispose();
      await rejectsWith(reranker.rerank(query, texts), 'disposed');
    });
  }

  it('works with methods that were taken off it', async () => {
    const { rerank, stream, statistics, dispose } = reranker;
    assert.deepEqual(await rerank(query, texts), expected);
    assert.equal((await collect(stream(query, texts))).length, 3);
    assert.equal((await statistics()).model, 'tiny');
    await dispose();
    await rejectsWith(rerank(query, texts), 'disposed');
  });

  it('has the methods of its type and no others', () => {
    assert.deepEqual(Object.keys(reranker).sort(), ['dispose', 'rerank', 'statistics', 'stream']);
  });

  it('ranks documents that Vue has wrapped, and returns what was passed', async () => {
    const wrapped = reactive(documents);
    const results = await reranker.rerank(query, wrapped, { returnDocuments: true });
    assert.deepEqual(
      results.map(({ logit }) => logit),
      expected.map(({ logit }) => logit),
    );
    for (const { index, document } of results) assert.equal(document, wrapped[index]);
  });

  it('takes options, files and signals that are behind Proxies', async () => {
    const options = reactive({ model: tiny, cache: 'none' });
    const other = await createReranker(options);
    assert.deepEqual(await other.rerank(query, texts, reactive({ topN: 1 })), expected.slice(0, 1));
    await other.dispose();
  });
});

describe('an object of the platform behind a Proxy, which nothing can read', () => {
  const location = new URL('https://host/model');
  const source = (model) => ({ model: { name: 'x', files: { model, tokenizer: location } } });
  const hidden = {
    'a URL': source(deep(location)),
    'a Blob': source(deep(new Blob(['x']))),
    'an ArrayBuffer': source(deep(new ArrayBuffer(1))),
    'an AbortSignal': { signal: deep(new AbortController().signal) },
    'a WebAssembly.Module': { wasm: deep(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) },
  };
  for (const [what, options] of Object.entries(hidden)) {
    it(`is refused by its name: ${what}`, () =>
      rejectsWith(createReranker(options), 'invalid_input', new RegExp(`it is ${what} behind a Proxy`)));
  }
});

describe('a cache in a directory', () => {
  let hub;
  let directory;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub.close());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`keeps and lists files behind ${name}`, async () => {
      const cache = wrap(directoryCache(directory));
      const facts = { url: 'https://host/file', size: 4, sha256: 'a'.repeat(64) };
      const writer = wrap(await cache.write('key'));
      await writer.write(new TextEncoder().encode('text'));
      await writer.commit(facts);
      const other = wrap(await cache.write('other key'));
      await other.abort();
      assert.deepEqual(await cache.list(), [{ key: 'key', ...facts }]);
      const { stream } = await cache.read('key');
      assert.equal(await new Response(stream).text(), 'text');
      await cache.delete('key');
      assert.equal(await cache.read('key'), undefined);
    });

    it(`serves a creation behind ${name}`, async () => {
      const cache = wrap(directoryCache(directory));
      const model = await tinyAt(hub);
      const warnings = [];
      const onWarning = (warning) => warnings.push(warning);
      for (const requests of [3, 3]) {
        const reranker = await createReranker({ model, cache, onWarning });
        await reranker.dispose();
        assert.equal(hub.requests.length, requests);
      }
      hub.requests.length = 0;
      assert.deepEqual(warnings, []);
    });
  }
});

async function collect(stream) {
  const all = [];
  for await (const each of stream) all.push(each);
  return all;
}
