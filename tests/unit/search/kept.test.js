import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createSearch } from 'rerank-wasm/search';

import { createSearchWith } from '#internal/search/create.js';
import { openDirectory } from '#internal/search/directory.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeEmbedder, fakeReranker, listsOf } from '../../support/models/fake-search-models.js';

const documents = [
  { id: 'bread', text: 'How to bake bread at home', tags: ['kitchen', 'ä'] },
  { id: 'cancel', text: 'Cancel the subscription at any time' },
  { id: 'invoice', text: 'Where to find an invoice for the subscription' },
];
const query = 'bake the subscription';

describe('an index that is kept in a directory', () => {
  let directory;
  let opened;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    opened = [];
  });
  afterEach(async () => {
    for (const search of opened) await search.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  async function open(options = {}) {
    const search = await createSearch({ name: 'notes', directory, ...options });
    opened.push(search);
    return search;
  }

  const folder = (name = 'notes') => join(directory, name);
  const segments = async () => (await readdir(folder())).filter((name) => name.endsWith('.segment')).sort();
  const bytesOf = async (name) => readFile(join(folder(), name));

  async function count(search) {
    return (await search.statistics()).documents;
  }

  it('answers alike after it was opened again, and embeds nothing again', async () => {
    const models = () => ({ embedder: fakeEmbedder(), reranker: fakeReranker() });
    const search = await open(models());
    await search.add([...documents, { id: 'gone', text: 'bake a subscription' }]);
    await search.update([{ id: 'invoice', text: 'An invoice, and how to bake it' }]);
    await search.remove(['gone']);
    const before = await listsOf(search, query);
    const hits = await search.search(query);
    const statistics = await search.statistics();
    await search.dispose();

    const later = models();
    const again = await open(later);
    assert.deepEqual(await again.search(query), hits);
    assert.deepEqual(await listsOf(again, query), before);
    assert.deepEqual(await again.statistics(), statistics);
    assert.deepEqual(new Set(later.embedder.embedded.slice(2)), new Set([query]));
  });

  it('writes nothing for documents that it holds', async () => {
    const search = await open({ embedder: fakeEmbedder() });
    await search.add(documents);
    const before = await segments();
    await search.add(structuredClone(documents));
    await search.update([{ id: 'bread', tags: ['kitchen', 'ä'] }]);
    await search.remove(['nothing']);
    assert.deepEqual(await segments(), before);
  });

  it('keeps one index for each name', async () => {
    const names = ['notes', 'Notes', '../notes', 'nötes/🙂'];
    for (const name of names) {
      const search = await open({ name });
      await search.add([{ id: name, text: `the index ${name}` }]);
    }
    assert.equal((await readdir(directory)).length, names.length);
    await rejectsWith(open({ name: 'x'.repeat(300) }), 'invalid_input', /choose a shorter one/);
  });

  it('lies below RERANK_WASM_CACHE by default', async () => {
    const { RERANK_WASM_CACHE } = process.env;
    process.env.RERANK_WASM_CACHE = directory;
    try {
      const search = await open({ directory: undefined });
      await search.add(documents);
      assert.deepEqual(await readdir(join(directory, 'search')), ['notes']);
    } finally {
      if (RERANK_WASM_CACHE === undefined) delete process.env.RERANK_WASM_CACHE;
      else process.env.RERANK_WASM_CACHE = RERANK_WASM_CACHE;
    }
  });

  for (const [damage, hurt] of Object.entries({
    'is cut short': async (path) => truncate(path, 100),
    'is empty': async (path) => truncate(path, 0),
    'has a wrong byte': async (path) => {
      const bytes = await readFile(path);
      bytes[60] ^= 1;
      await writeFile(path, bytes);
    },
  })) {
    it(`loses the last segment alone if it ${damage}`, async () => {
      const search = await open({ embedder: fakeEmbedder() });
      await search.add(documents);
      await search.add([{ id: 'last', text: 'the last one' }]);
      await search.dispose();
      const [first, last] = await segments();
      await hurt(join(folder(), last));
      const again = await open({ embedder: fakeEmbedder() });
      assert.equal(await count(again), 3);
      assert.deepEqual(await segments(), [first]);
      await again.add([{ id: 'last', text: 'the last one' }]);
      await again.dispose();
      assert.equal(await count(await open()), 4);
    });
  }

  it('embeds its documents again for another model, or another way to cut', async () => {
    const search = await open({ embedder: fakeEmbedder() });
    await search.add(documents);
    await search.dispose();
    for (const [options, size] of [
      [{ embedder: fakeEmbedder({ seed: 8 }) }, 3],
      [{ embedder: fakeEmbedder({ seed: 8, size: 48 }) }, 3],
      [{ embedder: fakeEmbedder({ seed: 8, size: 48 }), chunkTokens: 4, overlap: 0 }, 6],
    ]) {
      const seen = [];
      const { embedder } = options;
      const later = await open({ ...options, onProgress: ({ done, total }) => seen.push(`${done}/${total}`) });
      assert.equal((await later.statistics()).chunks, size);
      assert.deepEqual(seen, ['3/3']);
      assert.equal(embedder.embedded.length, 2 + size);
      assert.equal((await later.search('Cancel the subscription', { limit: 1 }))[0].id, 'cancel');
      await later.dispose();
      const { embedder: third, ...rest } = options;
      third.embedded.length = 0;
      const unchanged = await open({ embedder: third, ...rest });
      await unchanged.statistics();
      assert.equal(third.embedded.length, 2);
      await unchanged.dispose();
    }
  });

  it('keeps vectors while it is open without an embedder', async () => {
    const search = await open({ embedder: fakeEmbedder() });
    await search.add(documents);
    await search.dispose();
    const words = await open();
    await words.update([{ id: 'bread', tags: [] }]);
    await words.add([{ id: 'new', text: 'something new' }]);
    assert.equal((await words.search('bread'))[0].id, 'bread');
    await words.dispose();
    const embedder = fakeEmbedder();
    assert.equal(await count(await open({ embedder })), 4);
    assert.deepEqual(embedder.embedded.slice(2), ['something new']);
  });

  it('refuses a second writer until the first is disposed of', async () => {
    const search = await open();
    await rejectsWith(open(), 'invalid_input', new RegExp(`The index "notes" is open in process ${process.pid}`));
    await search.dispose();
    await open();
  });

  it('lets one of several in that begin at once', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => open()));
    assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1);
    await opened[0].dispose();
    await open();
  });

  it('takes no notice of a process that is gone', async () => {
    const search = await open();
    const lock = (await readdir(folder())).find((name) => name.endsWith('.lock'));
    const gone = lock.replace(/^(\w+)-\d+-/, `$1-${2 ** 31 - 1}-`);
    await rename(join(folder(), lock), join(folder(), gone));
    await open();
    await search.dispose();
    const elsewhere = lock.replace(/^\w+/, '00000000');
    await writeFile(join(folder(), elsewhere), '');
    await opened.at(-1).dispose();
    await rejectsWith(open(), 'invalid_input', /is open in process \d+; .* remove the file .*00000000-/);
    await rm(join(folder(), elsewhere));
  });

  it('merges many segments into few, which hold the same', async () => {
    const search = await open({ embedder: fakeEmbedder() });
    for (let index = 0; index < 200; index += 1) {
      await search.add([{ id: `${index % 90}`, text: `text ${index} of many` }]);
      if (index % 10 === 9) await search.remove([`${(index * 7) % 90}`]);
    }
    assert.ok((await segments()).length <= 65);
    const [hits, statistics] = [
      await search.search('text many', { limit: 100, candidates: 500 }),
      await search.statistics(),
    ];
    await search.dispose();
    const embedder = fakeEmbedder();
    const again = await open({ embedder });
    assert.deepEqual(await again.search('text many', { limit: 100, candidates: 500 }), hits);
    assert.deepEqual(await again.statistics(), statistics);
    assert.equal(embedder.embedded.length, 3);
  });

  it('is written anew once most of it is dead', async () => {
    const search = await open();
    const text = 'word '.repeat(2000);
    for (let index = 0; index < 30; index += 1) await search.add([{ id: 'same', text: `${text}${index}` }]);
    let bytes = 0;
    for (const name of await segments()) bytes += (await bytesOf(name)).length;
    assert.ok(bytes < 100_000, `${bytes} bytes`);
  });

  it('survives the end of a merge between writing and removing', async () => {
    const search = await open();
    for (let index = 0; index < 64; index += 1) await search.add([{ id: `${index}`, text: `text ${index}` }]);
    await search.remove(['5']);
    const parts = await segments();
    const kept = new Map();
    for (const name of parts) kept.set(name, await bytesOf(name));
    await search.add([{ id: 'more', text: 'one more' }]);
    assert.ok((await segments()).length < 60);
    await search.dispose();
    for (const [name, bytes] of kept) await writeFile(join(folder(), name), bytes);
    const again = await open();
    assert.equal(await count(again), 64);
    assert.ok((await segments()).length < 60);
    await again.dispose();
    // A merged segment that is damaged leaves those that it stands for.
    const [merged] = await segments();
    await truncate(join(folder(), merged), 50);
    for (const [name, bytes] of kept) await writeFile(join(folder(), name), bytes);
    assert.ok((await count(await open())) >= 63);
  });

  it('says so if the disk is full, and keeps what was written before', async () => {
    const disk = { isFull: false, merges: 0 };
    const openStore = async (...place) => {
      const store = await openDirectory(...place);
      const write = async (name, parts) => {
        const [first, last] = name.match(/\d+/g);
        if (first !== last) disk.merges += 1;
        if (disk.isFull || first !== last) throw new Error('ENOSPC: no space left on device');
        return store.write(name, parts);
      };
      return { ...store, write };
    };
    const search = await createSearchWith(openStore)({ name: 'notes', directory, embedder: fakeEmbedder() });
    opened.push(search);
    await search.add(documents);
    disk.isFull = true;
    const full = /The index cannot be written: ENOSPC.*; make room/;
    await rejectsWith(search.add([{ id: 'more', text: 'more' }]), 'unsupported_environment', full);
    await rejectsWith(search.remove(['bread']), 'unsupported_environment', full);
    assert.equal(await count(search), 3);
    disk.isFull = false;
    // A merge that fails is tried again, and fails no change.
    for (let index = 0; index < 70; index += 1) await search.add([{ id: 'more', text: `more ${index}` }]);
    assert.ok(disk.merges > 1);
    assert.equal(await count(search), 4);
    await search.dispose();
    assert.equal(await count(await open()), 4);
  });

  it('refuses to open what a later version wrote, and leaves it', async () => {
    const search = await open();
    await search.add(documents);
    await search.dispose();
    const [name] = await segments();
    const { createHash } = await import('node:crypto');
    const bytes = (await bytesOf(name)).subarray(0, -80);
    bytes[8] += 1;
    const trailer = String(bytes.length).padStart(16, '0') + createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(folder(), name), Buffer.concat([bytes, Buffer.from(trailer)]));
    await rejectsWith(open(), 'invalid_input', /another version of rerank-wasm/);
    assert.deepEqual(await segments(), [name]);
    await rejectsWith(open(), 'invalid_input', /another version of rerank-wasm/);
  });
});
