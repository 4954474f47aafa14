import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createEmbedder, createReranker, similarity } from 'rerank-wasm';
import recall from 'rerank-wasm-recall';

import { rejectsWith } from '../support/asserts/assertions.js';
import { bitsOf } from '../support/asserts/bits.js';
import { useChromium } from '../support/browsers/chromium.js';
import { bgeSmallFolder, bgeSmallTexts } from '../support/models/bge-small.js';

const folder = bgeSmallFolder();
const bytesOf = (name) => readFile(join(folder, name));

describe('bge-small-en-v1.5', () => {
  let texts;
  let embedder;
  before(async () => {
    texts = await bgeSmallTexts();
    embedder = await createEmbedder({ model: folder, threads: 2 });
  });
  after(() => embedder?.dispose());

  it('has the token counts and nearly the vectors of onnxruntime without rounded activations', async () => {
    assert.equal(texts.length, 500);
    const { embeddings, tokens } = await embedder.embed(texts.map(({ text }) => text));
    const some = texts.filter((_, index) => index % 10 === 0);
    const byIds = await embedder.embed(some.map(({ ids }) => ids));
    assert.deepEqual(
      byIds.embeddings,
      embeddings.filter((_, index) => index % 10 === 0),
    );
    const cosines = texts.map(({ vector }, index) => similarity(embeddings[index], vector));
    for (const [index, { ids, text }] of texts.entries()) assert.equal(tokens[index], ids.length, text);
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
    const worst = Math.min(...cosines);
    assert.ok(mean >= 0.999 && worst >= 0.995, `mean ${mean}, worst ${worst}`);
    for (const vector of embeddings) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  });

  it('says what its files say', async () => {
    const { dimensions, maxTokens, pooling, unfused } = await embedder.statistics();
    assert.deepEqual([dimensions, maxTokens, pooling, unfused], [384, 512, 'cls', {}]);
  });

  it('puts the prompt of its card before a query, which its files lack', async () => {
    const named = join(await mkdtemp(join(tmpdir(), 'rerank-wasm-named-')), 'bge-small-en-v1.5');
    await symlink(folder, named);
    const other = await createEmbedder({ model: named, threads: 1 });
    const query = await other.embed(['how do I cancel'], { kind: 'query' });
    const prompt = 'Represent this sentence for searching relevant passages: ';
    assert.deepEqual(query, await embedder.embed([`${prompt}how do I cancel`]));
    await other.dispose();
    await rm(dirname(named), { recursive: true });
  });

  it('finds the passage that answers', async () => {
    const passages = [
      'Berlin is well known for its museums.',
      'To cancel a subscription, open the settings and choose Billing.',
      'The museum opens at nine.',
    ];
    const [query] = (await embedder.embed(['how do I end my plan'], { kind: 'query' })).embeddings;
    const closeness = (await embedder.embed(passages)).embeddings.map((vector) => similarity(query, vector));
    assert.equal(closeness.indexOf(Math.max(...closeness)), 1);
  });

  it('has the same bits alone, in any list, on any number of threads, in place and from bytes', async () => {
    const some = texts.filter((_, index) => index % 12 === 0).map(({ text }) => text);
    const bitsIn = async (embedder, list) =>
      (await embedder.embed(list)).embeddings.map((vector) => bitsOf([...vector]));
    const expected = await bitsIn(embedder, some);
    assert.deepEqual((await bitsIn(embedder, some.toReversed())).toReversed(), expected);
    for (const [index, text] of some.slice(0, 8).entries()) {
      assert.deepEqual(await bitsIn(embedder, [text]), [expected[index]]);
    }
    const files = {
      model: await bytesOf('onnx/model_quantized.onnx'),
      tokenizer: await bytesOf('tokenizer.json'),
      config: await bytesOf('config.json'),
    };
    const fromBytes = { name: 'mine', files, embedding: { pooling: 'cls' } };
    for (const options of [{ threads: 1 }, { worker: false, threads: 1 }, { model: fromBytes }]) {
      const other = await createEmbedder({ model: folder, ...options });
      assert.deepEqual(await bitsIn(other, some), expected, JSON.stringify(Object.keys(options)));
      await other.dispose();
    }
  });

  it('cuts long texts, and splits them into passages that cover them', async () => {
    const text = 'one two three four five six seven eight nine ten';
    const { tokens, truncated } = await embedder.embed([text, 'one two'], { maxTokens: 6 });
    assert.deepEqual(
      [tokens, truncated],
      [
        [6, 4],
        [true, false],
      ],
    );
    const [ranges, whole] = await embedder.split([text, 'one'], { maxTokens: 6, overlap: 1 });
    assert.deepEqual(
      ranges.map(({ start, end }) => text.slice(start, end).trim()),
      ['one two three four', 'four five six seven', 'seven eight nine ten'],
    );
    assert.deepEqual(whole, [{ start: 0, end: 3 }]);
    await rejectsWith(
      embedder.split([text], { maxTokens: 6, overlap: 4 }),
      'invalid_input',
      /^The overlap is 4 tokens/,
    );
  });

  it('takes the ids of tokens in place of a text', async () => {
    const { text, ids } = texts[3];
    const { embeddings } = await embedder.embed([text, ids]);
    assert.deepEqual(embeddings[1], embeddings[0]);
    const wrong = [101, 99_999, 102];
    await rejectsWith(embedder.embed([wrong]), 'invalid_input', /^A token id is 99999; .* from 0 to 30521/);
  });

  it('is aborted and disposed of like a reranker', async () => {
    const other = await createEmbedder({ model: folder, threads: 1 });
    const signal = AbortSignal.timeout(20);
    await rejectsWith(
      other.embed(
        texts.map(({ text }) => text),
        { signal },
      ),
      'aborted',
    );
    assert.equal((await other.embed(['a'])).embeddings.length, 1);
    await other.dispose();
    await rejectsWith(other.embed(['a']), 'disposed');
    await rejectsWith(other.split(['a']), 'disposed');
  });

  it('is freed when idle, and loaded again', async () => {
    const other = await createEmbedder({ model: folder, threads: 1, idleTimeout: 10 });
    const first = await other.embed(['a']);
    while ((await other.statistics()).memoryBytes > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(await other.embed(['a']), first);
    await other.dispose();
  });
});

describe('rerank-wasm-recall', () => {
  it('has the vectors and the prompt of the published model, in one file', async () => {
    const texts = ['how do I cancel', '東京は日本の首都です。', 'x '.repeat(600)];
    const vectorsOf = async (options) => {
      const embedder = await createEmbedder({ threads: 1, ...options });
      const made = await embedder.embed(texts, { kind: 'query' });
      await embedder.dispose();
      return made;
    };
    const query = 'Represent this sentence for searching relevant passages: ';
    assert.deepEqual(await vectorsOf({ model: recall }), await vectorsOf({ model: folder, prompts: { query } }));
  });

  it('is for workerd what it is elsewhere', async () => {
    const { files, embedding, name } = recall;
    const { size, sha256 } = files.bundle;
    const source = await readFile(new URL('../../pkg/recall/workerd.js', import.meta.url), 'utf8');
    const code = source.replace(/^import model .*$/m, "const model = 'bytes';");
    const { default: there } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    assert.deepEqual(there, { name, files: { bundle: { location: 'bytes', size, sha256 } }, embedding });
  });
});

describe('vectors in other places', () => {
  const texts = [
    'how do I cancel',
    'Paris ist die Hauptstadt von Frankreich.',
    '東京は日本の首都です。',
    'x '.repeat(600),
  ];
  let expected;
  before(async () => {
    const embedder = await createEmbedder({ model: folder, threads: 1 });
    expected = (await embedder.embed(texts)).embeddings.map((vector) => bitsOf([...vector]));
    await embedder.dispose();
  });

  for (const engine of ['rerank', 'rerank-relaxed']) {
    it(`have the same bits on the engine ${engine}`, async () => {
      const wasm = new URL(`../../pkg/dist/wasm/${engine}.wasm`, import.meta.url);
      const embedder = await createEmbedder({ model: folder, wasm });
      const { embeddings } = await embedder.embed(texts);
      assert.deepEqual(
        embeddings.map((vector) => bitsOf([...vector])),
        expected,
      );
      await embedder.dispose();
    });
  }

  for (const isolated of [true, false]) {
    describe(`in a page that ${isolated ? 'is' : 'is not'} isolated`, () => {
      const chromium = useChromium({ folders: { '/bge-small/': folder }, isolated });
      it('have the same bits, also after a start from the cache', async () => {
        const { page, requests, close } = await chromium.open('/site/');
        const embedded = async () =>
          page.evaluate(async (texts) => {
            const { createEmbedder } = await import('/rerank-wasm/index.js');
            const embedder = await createEmbedder({ model: new URL('/bge-small/', location.href) });
            const { embeddings } = await embedder.embed(texts);
            const statistics = await embedder.statistics();
            await embedder.dispose();
            return { vectors: embeddings.map((vector) => [...vector]), statistics };
          }, texts);
        const { vectors, statistics } = await embedded();
        assert.deepEqual(vectors.map(bitsOf), expected);
        // As the files of Sentence Transformers say, which the page reads once.
        assert.deepEqual([statistics.pooling, statistics.dimensions], ['cls', 384]);
        const asked = requests.filter((url) => url.includes('/bge-small/')).length;
        assert.deepEqual((await embedded()).vectors, vectors);
        assert.equal(requests.filter((url) => url.includes('/bge-small/')).length, asked);
        await close();
      });
    });
  }
});

describe('an embedding model without files of Sentence Transformers', () => {
  let bare;
  before(async () => {
    bare = await mkdtemp(join(tmpdir(), 'rerank-wasm-embedder-'));
    await cp(join(folder, 'tokenizer.json'), join(bare, 'tokenizer.json'));
    await symlink(join(folder, 'onnx'), join(bare, 'onnx'));
  });
  after(() => rm(bare, { recursive: true }));

  it('pools by the mean, with a warning that says so', async () => {
    const warnings = [];
    const embedder = await createEmbedder({ model: bare, onWarning: (warning) => warnings.push(warning) });
    assert.equal((await embedder.statistics()).pooling, 'mean');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['pooling_assumed'],
    );
    assert.match(warnings[0].message, /pass `pooling` as the model's card says\.$/);
    await embedder.dispose();
  });

  it('is used as the caller says', async () => {
    const warnings = [];
    const embedder = await createEmbedder({
      model: bare,
      pooling: 'cls',
      prompts: { query: 'find: ' },
      onWarning: (warning) => warnings.push(warning),
    });
    assert.deepEqual(warnings, []);
    const [query] = (await embedder.embed(['a'], { kind: 'query' })).embeddings;
    const [document] = (await embedder.embed(['find: a'])).embeddings;
    assert.deepEqual(query, document);
    await embedder.dispose();
  });
});

describe('a model of the other kind', () => {
  it('is refused by its name, with the function for it', async () => {
    await rejectsWith(
      createReranker({ model: 'bge-small-en-v1.5' }),
      'invalid_input',
      /is an embedding model, bge-small-en-v1\.5; pass it to `createEmbedder`/,
    );
    await rejectsWith(createEmbedder({ model: 'bge-reranker-base' }), 'invalid_input', /pass it to `createReranker`/);
  });

  it('is refused by its graph', async () => {
    await rejectsWith(createReranker({ model: folder }), 'unsupported_model', /createEmbedder/);
    const mini = new URL('../../pkg/mini/', import.meta.url);
    await rejectsWith(createEmbedder({ model: mini }), 'unsupported_model', /pass a reranker to `createReranker`/);
  });
});
