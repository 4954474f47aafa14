import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createSearch } from 'rerank-wasm/search';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { wrappers } from '../../support/asserts/wrappers.js';
import { fakeEmbedder, fakeReranker, listsOf } from '../../support/models/fake-search-models.js';

const documents = [
  { id: 'bread', text: 'How to bake bread at home', folder: 'kitchen' },
  { id: 'cancel', text: 'Cancel the subscription at any time', folder: 'account' },
  { id: 'invoice', text: 'Where to find an invoice for the subscription', folder: 'account' },
  { id: 'tea', text: 'Brew tea and bake a cake', folder: 'kitchen' },
];

const ids = (hits) => hits.map(({ id }) => id);

async function filled(options) {
  const search = await createSearch(options);
  await search.add(documents);
  return search;
}

describe('a search', () => {
  it('finds keywords without a model', async () => {
    const search = await filled({});
    const hits = await search.search('bake bread');
    assert.deepEqual(ids(hits), ['bread', 'tea']);
    const [{ document, chunk, score, stages }] = hits;
    assert.deepEqual(document, documents[0]);
    assert.equal(document.text.slice(chunk.start, chunk.end), documents[0].text);
    assert.deepEqual(stages, { keywords: { rank: 1, score } });
  });

  it('fuses keywords and vectors, and reranks the best', async () => {
    const reranker = fakeReranker();
    const search = await filled({ embedder: fakeEmbedder(), reranker });
    const [words, fused, reranked, ...more] = await listsOf(search, 'cancel subscription');
    assert.equal(more.length, 0);
    assert.deepEqual(Object.keys(words[0].stages), ['keywords']);
    const [{ stages }] = fused;
    assert.deepEqual(Object.keys(stages).sort(), ['fused', 'keywords', 'vectors']);
    // BM25+ of a word ends at 2.7 times its weight. One of four documents has “cancel”, two have “subscription”.
    const limit = 2 * 2.7 * (Math.log(1 + 3.5 / 1.5) + Math.log(1 + 2.5 / 2.5));
    const cosines = fused.map((hit) => hit.stages.vectors.score);
    const [least, most] = [Math.min(...cosines), Math.max(...cosines)];
    for (const { score, stages } of fused) {
      const [byWords, byVector] = [stages.keywords?.score ?? 0, stages.vectors.score];
      const sum = (byWords / limit + (byVector - least) / (most - least)) / 2;
      assert.ok(Math.abs(score - sum) < 1e-6 && score === stages.fused.score, `${score} is not ${sum}`);
    }
    assert.deepEqual(ids(reranked).slice(0, 2), ['cancel', 'invoice']);
    assert.deepEqual([reranked[0].score, reranked[0].stages.rerank], [1, { rank: 1, score: 1 }]);
    assert.deepEqual(await search.search('cancel subscription'), reranked);
  });

  it('gives no passage more than 1, however often it repeats the query', async () => {
    const search = await createSearch({ embedder: fakeEmbedder() });
    const text = 'cancel subscription '.repeat(500);
    await search.add([...documents, { id: 'repeats', text }]);
    const [best] = await search.search('cancel subscription');
    assert.equal(best.id, 'repeats');
    assert.ok(best.stages.keywords.rank === 1 && best.score > 0.8 && best.score <= 1, `${best.score}`);
  });

  it('yields keywords while models load, and waits for them afterwards', async () => {
    const loading = resolvers();
    const search = await createSearch({ embedder: loading.promise, reranker: Promise.resolve(fakeReranker()) });
    const added = search.add(documents);
    loading.resolve(fakeEmbedder());
    await added;
    const slow = resolvers();
    const later = await filled({ reranker: slow.promise });
    const stream = later.stream('cancel subscription');
    assert.deepEqual(ids((await stream.next()).value), ['cancel', 'invoice']);
    slow.resolve(fakeReranker());
    assert.equal((await stream.next()).value[0].stages.rerank.rank, 1);
    assert.equal((await stream.next()).done, true);
  });

  it('finds by vectors alone what shares no keyword', async () => {
    // Each text has the vector of its first letter.
    const embedder = fakeEmbedder();
    const embed = (texts) => ({ embeddings: texts.map((text) => Float32Array.of(text[0] === 'C' ? 1 : 0, 0.1)) });
    const search = await filled({ embedder: { ...embedder, embed: async (texts) => embed(texts) } });
    const [first] = await search.search('Cease', { limit: 1 });
    assert.deepEqual([first.id, Object.keys(first.stages)], ['cancel', ['vectors', 'fused']]);
  });

  it('leaves out documents before candidates are counted', async () => {
    const search = await filled({ embedder: fakeEmbedder(), reranker: fakeReranker() });
    const options = { filter: ({ folder }) => folder === 'kitchen', candidates: 1 };
    for (const hits of await listsOf(search, 'subscription bake', options)) {
      assert.equal(hits.length, 1);
      assert.equal(hits[0].document.folder, 'kitchen');
    }
    const filter = () => {
      throw new Error('no folder');
    };
    await rejectsWith(search.search('bake', { filter }), 'invalid_input', /`filter` threw: no folder/);
  });

  it('returns as many hits as asked for, above the lowest score', async () => {
    const reranker = fakeReranker();
    const search = await filled({ embedder: fakeEmbedder(), reranker });
    assert.equal((await search.search('the subscription', { limit: 1 })).length, 1);
    const hits = await search.search('cancel subscription', { minScore: 0.9 });
    assert.deepEqual(ids(hits), ['cancel']);
    await search.search('cancel subscription', { candidates: 2 });
    assert.equal(reranker.ranked.at(-1).length, 2);
  });

  it('returns a long document once, by its best passage', async () => {
    const text = `${'filler words come first '.repeat(10)}then the needle appears ${'and more follows '.repeat(10)}`;
    const search = await createSearch({
      embedder: fakeEmbedder(),
      reranker: fakeReranker(),
      chunkTokens: 8,
      overlap: 2,
    });
    await search.add([{ id: 'long', text }]);
    assert.ok((await search.statistics()).chunks > 8);
    for (const hits of await listsOf(search, 'the needle')) {
      assert.equal(hits.length, 1);
      const { start, end } = hits[0].chunk;
      assert.match(text.slice(start, end), /needle/);
      assert.ok(end - start < 80);
    }
  });

  it('embeds a text again only if it changed', async () => {
    const embedder = fakeEmbedder();
    const search = await filled({ embedder });
    const before = embedder.embedded.length;
    await search.add(documents);
    await search.update([{ id: 'tea', folder: 'cups' }]);
    assert.equal(embedder.embedded.length, before);
    const [tea] = await search.search('tea');
    assert.equal(tea.document.folder, 'cups');
    await search.update([{ id: 'tea', text: 'Brew coffee' }]);
    assert.deepEqual(embedder.embedded.slice(before + 1), ['Brew coffee']);
    assert.deepEqual(ids(await search.search('coffee', { limit: 1 })), ['tea']);
    assert.equal((await search.search('coffee', { limit: 1 }))[0].document.folder, 'cups');
  });

  it('removes documents, and changes none if one is unknown', async () => {
    const search = await filled({ embedder: fakeEmbedder() });
    await search.remove(['bread', 'nothing']);
    assert.ok(!ids(await search.search('bake bread')).includes('bread'));
    assert.equal((await search.statistics()).documents, 3);
    const changes = [
      { id: 'tea', folder: 'cups' },
      { id: 'bread', folder: 'cups' },
    ];
    await rejectsWith(search.update(changes), 'invalid_input', /does not hold/);
    const [tea] = await search.search('tea');
    assert.equal(tea.document.folder, 'kitchen');
  });

  it('makes changes in the order of the calls', async () => {
    const search = await createSearch({ embedder: fakeEmbedder() });
    await Promise.all([
      search.add(documents),
      search.remove(['tea']),
      search.add([documents[3]]),
      search.remove(['bread']),
    ]);
    assert.deepEqual(
      ids(await search.search('bake')).filter((id) => ['tea', 'bread'].includes(id)),
      ['tea'],
    );
  });

  it('takes the later of two documents with one id', async () => {
    const search = await filled({ embedder: fakeEmbedder() });
    await search.add([{ id: 'tea', text: 'Brew coffee' }, documents[3]]);
    assert.equal((await search.search('tea', { limit: 1 }))[0].document.text, documents[3].text);
  });

  it('keeps its documents if a caller changes a hit', async () => {
    const search = await filled({});
    const [hit] = await search.search('tea');
    Object.assign(hit.document, { text: 'changed', folder: 'changed' });
    assert.deepEqual((await search.search('tea'))[0].document, documents[3]);
    await search.remove(['tea']);
    assert.deepEqual(await search.search('tea'), []);
  });

  it('returns copies of its documents, after the changes before', async () => {
    const search = await createSearch({});
    const added = search.add(documents);
    const [first] = await search.documents();
    assert.deepEqual(first, documents[0]);
    first.text = 'changed';
    search.remove(['tea']);
    assert.deepEqual(await search.documents(), documents.slice(0, 3));
    await added;
  });

  it('returns its documents while statistics wait for the embedder', async () => {
    const slow = resolvers();
    const search = await createSearch({ embedder: slow.promise });
    const statistics = search.statistics();
    assert.deepEqual(await search.documents(), []);
    slow.resolve(fakeEmbedder());
    assert.equal((await statistics).documents, 0);
  });

  it('stores blank documents, which are never found', async () => {
    const search = await createSearch({ embedder: fakeEmbedder() });
    await search.add([{ id: 'blank', text: ' ' }, ...documents]);
    assert.deepEqual((await search.statistics()).documents, 5);
    assert.equal((await search.search('anything', { limit: 20 })).length, 4);
  });

  it('takes at most 450 bytes a chunk for 384 numbers', async () => {
    const search = await createSearch({ embedder: fakeEmbedder({ size: 384 }) });
    await search.add(Array.from({ length: 40 }, (_, index) => ({ id: `${index}`, text: `text ${index}` })));
    const { documents, chunks, bytes, model } = await search.statistics();
    assert.deepEqual([documents, chunks, model], [40, 40, 'fake']);
    assert.ok(bytes / chunks <= 450 && bytes / chunks >= 388, `${bytes / chunks} bytes`);
  });

  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`works behind ${name}`, async () => {
      const { add, search, dispose } = wrap(await createSearch({ embedder: fakeEmbedder(), reranker: fakeReranker() }));
      await add(documents);
      assert.equal((await search('cancel subscription'))[0].id, 'cancel');
      await dispose();
    });
  }
});

describe('a search with a first stage of its own', () => {
  const candidates = [
    { id: 'a', text: 'nothing of it', url: '/a' },
    { id: 'b', text: 'cancel the subscription', score: 0.25 },
    { id: 'a', text: 'cancel', url: '/a' },
  ];

  it('reranks what it returns', async () => {
    const calls = [];
    const retrieve = (...call) => {
      calls.push(call);
      return candidates;
    };
    const search = await createSearch({ retrieve, embedder: fakeEmbedder(), reranker: fakeReranker() });
    const { signal } = new AbortController();
    const [first, last] = await listsOf(search, 'cancel subscription', { candidates: 7, signal });
    const [[query, vector, options]] = calls;
    assert.deepEqual([query, vector.length, options], ['cancel subscription', 32, { limit: 7, signal }]);
    assert.deepEqual(ids(first), ['a', 'b']);
    assert.deepEqual(first[1].stages, { retrieved: { rank: 2, score: 0.25 } });
    assert.deepEqual(
      last.map(({ document }) => document),
      [candidates[1], candidates[2]],
    );
  });

  it('needs no model, and has no index', async () => {
    const search = await createSearch({ retrieve: async () => candidates });
    assert.deepEqual(ids(await search.search('x', { filter: ({ url }) => url === '/a' })), ['a']);
    await rejectsWith(search.add([]), 'invalid_input', /`add` has no index/);
    await rejectsWith(search.documents(), 'invalid_input', /`documents` has no index/);
    assert.equal((await search.statistics()).documents, 0);
  });

  it('fails as it fails', async () => {
    const retrieve = async () => {
      throw new Error('no connection');
    };
    const search = await createSearch({ retrieve });
    const { cause } = await rejectsWith(search.search('x'), 'invalid_input', /`retrieve` threw: no connection/);
    assert.equal(cause.message, 'no connection');
    const odd = await createSearch({ retrieve: () => ({ hits: [] }) });
    await rejectsWith(odd.search('x'), 'invalid_input', /`retrieve` must return an array .* it returned an object/);
  });
});

describe('calls of a search that end early', () => {
  it('keep the documents before the batch that failed', async () => {
    const stop = new AbortController();
    const embedder = fakeEmbedder();
    const search = await createSearch({ embedder });
    const many = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, text: `text ${index}` }));
    const seen = [];
    const onProgress = ({ done, total }) => {
      seen.push(`${done}/${total}`);
      if (done >= 64) stop.abort();
    };
    await rejectsWith(search.add(many, { onProgress, signal: stop.signal }), 'aborted');
    assert.deepEqual(seen, ['32/100', '64/100']);
    assert.equal((await search.statistics()).documents, 64);
    await search.add(many);
    assert.equal((await search.statistics()).documents, 100);
  });

  it('report what a callback throws', async () => {
    const search = await createSearch({ embedder: fakeEmbedder() });
    const onProgress = () => {
      throw new Error('bar');
    };
    await rejectsWith(search.add(documents, { onProgress }), 'invalid_input', /`onProgress` threw: bar/);
  });

  it('stop waiting when their signal fires', async () => {
    const search = await createSearch({ embedder: new Promise(() => {}) });
    const stop = new AbortController();
    const waiting = [search.add(documents, { signal: stop.signal }), search.search('x', { signal: stop.signal })];
    stop.abort();
    for (const call of waiting) await rejectsWith(call, 'aborted');
    await search.dispose();
    await rejectsWith(search.add(documents), 'disposed', /The search was disposed/);
  });

  it('fail with disposed, and models stay with the caller', async () => {
    const embedder = fakeEmbedder();
    const search = await filled({ embedder });
    await search.dispose();
    await search.dispose();
    for (const call of [
      search.search('x'),
      search.add([]),
      search.remove([]),
      search.update([]),
      search.documents(),
      search.statistics(),
    ]) {
      await rejectsWith(call, 'disposed');
    }
    await filled({ embedder });
  });

  it('fail with the error of a model that cannot be loaded', async () => {
    const search = await createSearch({ embedder: Promise.reject(new Error('offline')) });
    const stream = search.stream('x');
    assert.deepEqual((await stream.next()).value, []);
    await rejectsWith(stream.next(), 'invalid_input', /The promise in `embedder` failed: offline/);
    await rejectsWith(search.add(documents), 'invalid_input', /offline/);
  });
});

describe('a search refuses', () => {
  const refused = {
    'an embedder without split': [
      () => createSearch({ embedder: { embed() {} } }),
      /`embedder` must be an object with/,
    ],
    'an option that retrieve replaces': [
      () => createSearch({ retrieve() {}, name: 'x' }),
      /`name` is of no use beside/,
    ],
    'a directory without a name': [() => createSearch({ directory: '/tmp' }), /`directory` needs a `name`/],
    'an empty name': [() => createSearch({ name: '' }), /`name` must be a non-empty string/],
    'an id that is no text': [
      async () => (await createSearch({})).add([{ id: 7, text: '' }]),
      /`documents\[0\]\.id` must be/,
    ],
    'a text that is none': [
      async () => (await createSearch({})).add([{ id: '7' }]),
      /`documents\[0\]\.text` must be a str/,
    ],
    'what JSON cannot hold': [
      async () => (await createSearch({})).add([{ id: '7', text: '', size: 7n }]),
      /`documents\[0\]` must hold what JSON can hold/,
    ],
    'a query that is no text': [async () => (await createSearch({})).search(7), /`query` must be a string/],
    'a lowest score without a reranker': [
      async () => (await createSearch({})).search('x', { minScore: 0.5 }),
      /`minScore` needs a `reranker`/,
    ],
    'a misspelt option': [async () => (await createSearch({})).search('x', { limits: 7 }), /did you mean "limit"/],
  };
  for (const [name, [call, message]] of Object.entries(refused)) {
    it(name, () => rejectsWith(call(), 'invalid_input', message));
  }
});

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
