import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { bestFirst, bm25 } from '../../www/bm25.js';
import { LiveRanking } from '../../www/live-ranking.js';
import { serve } from '../../www/tools/serve.mjs';
import { importMapOf, policyOf, Site } from '../../www/tools/site.mjs';

describe('the demo site', () => {
  const site = new Site();

  it('allows its scripts and the import map of each page, and no others', async () => {
    const pages = ['/', ...(await site.pages())];
    assert.deepEqual(pages, ['/', '/search.html']);
    for (const path of pages) {
      const page = await readFile((await site.find(path)).path, 'utf8');
      const hash = createHash('sha256').update(importMapOf(page)).digest('base64');
      assert.match(policyOf(page), /^default-src 'none'; /);
      assert.ok(policyOf(page).includes(`; script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'; style-src 'self'; `));
    }
  });

  it('sends each page its policy', async () => {
    const server = await serve();
    try {
      for (const path of ['/', '/search.html']) {
        const response = await fetch(server.url + path);
        const policy = policyOf(await response.text());
        assert.equal(response.headers.get('content-security-policy'), `${policy}; frame-ancestors 'none'`);
      }
    } finally {
      await server.close();
    }
  });

  it('keeps the reader of PDF for those who use it, and leaves the model of the search to the package', async () => {
    const [, list] = /^const precache = (.*);$/m.exec(await site.serviceWorker());
    const { files } = JSON.parse(list);
    const onUse = files.filter((file) => file.onUse).map(({ path }) => path);
    for (const path of ['pdfjs/pdf.min.mjs', 'pdfjs/pdf.worker.min.mjs', 'pdfjs/cmaps/UniGB-UTF16-H.bcmap'])
      assert.ok(onUse.includes(path), path);
    assert.ok(onUse.every((path) => path.startsWith('pdfjs/')));
    assert.equal(onUse[0], 'pdfjs/pdf.min.mjs');
    for (const name of ['./', 'search.html', 'search/main.js', 'rerank-wasm/search.js', 'minisearch/index.js'])
      assert.ok(
        files.some(({ path, onUse }) => path === name && !onUse),
        name,
      );
    assert.ok(files.every(({ path }) => !path.endsWith('.bundle')));
  });

  it('keeps for visits without a network what the page loads, and nothing for other runtimes', async () => {
    const paths = await site.reached();
    for (const path of [
      '/',
      '/style.css',
      '/samples.json',
      '/rerank-wasm/worker.js',
      '/rerank-wasm/wasm/rerank.wasm',
      '/rerank-wasm/worker-threads.js',
      '/rerank-wasm/wasm/rerank-relaxed.wasm',
      '/rerank-wasm/wasm/rerank-threads.wasm',
      '/rerank-wasm/wasm/rerank-threads-simd.wasm',
      '/rerank-wasm-mini/onnx/model_quantized.onnx',
    ]) {
      assert.ok(paths.includes(path), path);
    }
    for (const path of paths) assert.doesNotMatch(path, /edge|node|workerd|service-worker|\.ts$/);
  });

  it('has another version where a file differs, and the same where none does', async () => {
    const version = async (folders) => /"version":"(\w+)"/.exec(await new Site(folders).serviceWorker())[1];
    assert.equal(await version(), await version());
    const other = new URL('../fixtures/standin-tiny/onnx/', import.meta.url).pathname.replace(/\/$/, '');
    assert.notEqual(await version({ '/rerank-wasm-mini/onnx/': other }), await version());
  });

  it('answers 500 where a file that the page needs is gone, and goes on serving', async () => {
    const server = await serve({ folders: { '/rerank-wasm-mini/onnx/': '/nowhere' } });
    try {
      assert.equal((await fetch(`${server.url}/service-worker.js`)).status, 500);
      assert.equal((await fetch(server.url)).status, 200);
    } finally {
      await server.close();
    }
  });
});

describe('the keyword search before the ranking', () => {
  it('puts passages with the rarer shared word first', () => {
    const scores = bm25('the cable', ['the sea', 'THE CABLE', 'the land', 'a cable']);
    assert.deepEqual(bestFirst(scores), [1, 3, 0, 2]);
  });

  it('scores each passage zero where no word is shared, and leaves ties in their order', () => {
    assert.deepEqual(bm25('nothing', ['one', 'two']), [0, 0]);
    assert.deepEqual(bestFirst([0, 0, 1]), [2, 0, 1]);
    assert.deepEqual(bm25('word', []), []);
  });

  it('counts a repeated word less each time, and a long passage less', () => {
    const [once, often, long] = bm25('cable', ['cable a a a', 'cable cable cable cable', `cable ${'a '.repeat(40)}`]);
    assert.ok(once < often && often < 4 * once && long < once);
  });

  it('finds the words of a language without spaces', () => {
    const [first, second] = bm25('电报', ['第一条电报电缆', '秋天的叶子']);
    assert.ok(first > 0);
    assert.equal(second, 0);
  });
});

describe('the ranking while somebody types', () => {
  const reranker = { async *stream() {} };

  /** Makes a ranking that waits for `ends`, one settler for each end. `failures` collects the reported messages. */
  function rank() {
    const ends = [];
    const failures = [];
    const ranking = new LiveRanking({
      started() {},
      counted() {},
      scored() {},
      ranked: () => new Promise((resolve, reject) => ends.push({ resolve, reject })),
      failed: (error) => failures.push(error.message),
    });
    const until = async (number) => {
      while (ends.length < number) await new Promise((resolve) => setTimeout(resolve, 1));
      // By then the ranking has handled the rejection of an end.
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    return { ranking, ends, failures, until };
  }

  it('tells no failure of what was asked before, and goes on with what is asked now', async () => {
    const { ranking, ends, failures, until } = rank();
    ranking.ask(reranker, 'first', () => [], 0);
    await until(1);
    ranking.ask(reranker, 'second', () => [], 60_000);
    ends[0].reject(new Error('of the first'));
    await until(1);
    assert.deepEqual(failures, []);
    assert.equal(ranking.busy, true);
    ranking.stop();
    assert.equal(ranking.busy, false);
  });

  it('tells the failure of what was asked last', async () => {
    const { ranking, ends, failures, until } = rank();
    ranking.ask(reranker, 'only', () => [], 0);
    await until(1);
    assert.equal(ranking.busy, false);
    ends[0].reject(new Error('of the only one'));
    await until(1);
    assert.deepEqual(failures, ['of the only one']);
  });
});
