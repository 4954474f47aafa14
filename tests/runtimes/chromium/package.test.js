import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { noWorkers, useChromium } from '../../support/browsers/chromium.js';
import { miniDirectory } from '../../support/paths.js';

const graph = 'onnx/model_quantized.onnx';

/** Damaged graphs, by the base URL of their model. */
const damages = {
  '/page/': '<!doctype html><html><body>Sign in</body></html>',
  '/noise/': '\xa7'.repeat(1000),
};

describe('the package in a page', () => {
  const folders = {};
  before(async () => {
    for (const [prefix, content] of Object.entries(damages)) {
      folders[prefix] = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
      await cp(miniDirectory, folders[prefix], { recursive: true });
      await writeFile(join(folders[prefix], graph), content);
    }
  });
  after(() => Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true }))));
  const chromium = useChromium({ folders });

  let open;
  let page;
  before(async () => {
    open = await chromium.open('/site/');
    ({ page } = open);
  });

  it('ranks in a separate worker, which goes when the reranker is disposed', async () => {
    await page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      globalThis.reranker = await createReranker({ model: mini });
    });
    const engines = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency));
    assert.equal(page.workers().length, engines);
    const seen = await page.evaluate(async () => {
      const { failureOf } = await import('/site/tools.js');
      const documents = [{ id: 'a', text: 'giraffe' }, { id: 'b', text: 'Paris is the capital of France.' }, 'Berlin'];
      const progress = [];
      const results = await globalThis.reranker.rerank('What is the capital of France?', documents, {
        topN: 2,
        returnDocuments: true,
        onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
      });
      const sameObject = results[0].document === documents[1];
      const statistics = await globalThis.reranker.statistics();
      const none = await globalThis.reranker.rerank('query', []);
      await globalThis.reranker.dispose();
      const later = await failureOf(globalThis.reranker.rerank('query', ['text']));
      return { results, progress, sameObject, statistics, none, later };
    });
    assert.equal(seen.results.length, 2);
    const [{ index, score, logit, truncated, tokens }] = seen.results;
    assert.deepEqual([index, truncated, seen.sameObject], [1, false, true]);
    assert.ok(Math.abs(score - 1 / (1 + Math.exp(-logit))) < 1e-15);
    assert.ok(tokens > 10);
    assert.deepEqual(seen.progress, ['1/3', '2/3', '3/3']);
    assert.deepEqual([seen.statistics.model, seen.statistics.maxTokens], ['rerank-wasm-mini', 512]);
    assert.deepEqual(seen.none, []);
    assert.match(seen.later, /^disposed: /);
    await noWorkers(page);
  });

  it('ranks in place with worker: false, and the page lives on between long documents', async () => {
    const started = [];
    page.on('worker', (worker) => started.push(worker.url()));
    const { results, turns } = await page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini, worker: false });
      let turns = 0;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        turns += 1;
        port2.postMessage(undefined);
      };
      port2.postMessage(undefined);
      const results = await reranker.rerank(
        'query',
        Array.from({ length: 10 }, (_, index) => `${index} ${'word '.repeat(200)}`),
      );
      port1.close();
      await reranker.dispose();
      return { results, turns };
    });
    assert.deepEqual(started, []);
    assert.equal(results.length, 10);
    assert.ok(turns >= 10, `${turns}`);
  });

  it('answers two calls at once, each as if it were alone', async () => {
    const { alone, together } = await page.evaluate(async () => {
      const { createReranker, mini, documents } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini });
      const calls = [
        ['one', documents(6)],
        ['two', documents(3)],
      ];
      const together = await Promise.all(calls.map((call) => reranker.rerank(...call)));
      const alone = [];
      for (const call of calls) alone.push(await reranker.rerank(...call));
      await reranker.dispose();
      return { alone, together };
    });
    assert.deepEqual(together, alone);
    assert.deepEqual(
      together.map(({ length }) => length),
      [6, 3],
    );
  });

  for (const worker of ['auto', false]) {
    it(`stops a call that is aborted, with worker: ${worker}`, async () => {
      const { failure, done, next } = await page.evaluate(async (worker) => {
        const { createReranker, mini, failureOf, documents } = await import('/site/tools.js');
        const reranker = await createReranker({ model: mini, worker });
        const controller = new AbortController();
        let done = 0;
        const call = reranker.rerank('query', documents(200), {
          signal: controller.signal,
          onProgress(progress) {
            done = progress.done;
            if (done === 2) controller.abort('enough');
          },
        });
        const failure = await failureOf(call);
        const next = await reranker.rerank('query', ['text']);
        await reranker.dispose();
        return { failure, done, next };
      }, worker);
      assert.match(failure, /^aborted: .*: enough$/);
      assert.equal(done, 2);
      assert.equal(next.length, 1);
    });
  }

  it('stops a download that is aborted', async () => {
    const failure = await page.evaluate(async () => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const controller = new AbortController();
      const onProgress = ({ file, loaded }) => file === 'model' && loaded > 0 && controller.abort('enough');
      return failureOf(createReranker({ model: mini, signal: controller.signal, onProgress }));
    });
    assert.match(failure, /^aborted: .*: enough$/);
    await noWorkers(page);
  });

  it('fails running and queued calls when it is disposed', async () => {
    const failures = await page.evaluate(async () => {
      const { createReranker, mini, failureOf, documents } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini });
      const calls = [1, 2].map(() => failureOf(reranker.rerank('query', documents(200))));
      await reranker.dispose();
      return Promise.all(calls);
    });
    assert.equal(failures.length, 2);
    for (const failure of failures) assert.match(failure, /^disposed: /);
  });

  it('loads a model from a base URL', async () => {
    const { results, statistics } = await page.evaluate(async () => {
      const { createReranker } = await import('/site/tools.js');
      const reranker = await createReranker({ model: new URL('/rerank-wasm-mini', location.href) });
      const results = await reranker.rerank('query', ['text']);
      const statistics = await reranker.statistics();
      await reranker.dispose();
      return { results, statistics };
    });
    assert.equal(results.length, 1);
    assert.equal(statistics.model, `${chromium.url}/rerank-wasm-mini`);
  });

  const badCalls = [
    ['an empty query', '', ['text']],
    ['documents that are no list', 'query', 'text'],
    ['a document that is no text', 'query', [7]],
    ['an object without text', 'query', [{ title: 'text' }]],
  ];

  it('refuses input that is wrong', async () => {
    const failures = await page.evaluate(async (calls) => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini });
      const failures = [];
      for (const [, query, documents] of calls) failures.push(await failureOf(reranker.rerank(query, documents)));
      await reranker.dispose();
      return failures;
    }, badCalls);
    assert.equal(failures.length, badCalls.length);
    for (const [index, failure] of failures.entries()) assert.match(failure, /^invalid_input: /, badCalls[index][0]);
  });

  const badModels = [
    ['a graph that is a web page', '/page', {}, /^download_failed: .*web page/],
    ['a graph that is noise', '/noise', {}, /^invalid_model: .*model/],
    ['a folder that has no model', '/site', {}, /^model_not_found: .*HTTP 404/],
    ['a wrong size', '/rerank-wasm-mini', { size: 757 }, /^integrity_mismatch: .*config/],
    ['a wrong hash', '/rerank-wasm-mini', { sha256: '0'.repeat(64) }, /^integrity_mismatch: .*config/],
  ];

  for (const [what, base, pin, expected] of badModels) {
    it(`refuses ${what}, and no worker stays`, async () => {
      const failure = await page.evaluate(
        async ([base, pin, graph]) => {
          const { createReranker, failureOf } = await import('/site/tools.js');
          const at = (path) => new URL(`${base}/${path}`, location.href);
          const files = { model: at(graph), tokenizer: at('tokenizer.json') };
          const model = { name: 'bad', files: { ...files, config: { location: at('config.json'), ...pin } } };
          return failureOf(createReranker({ model }));
        },
        [base, pin, graph],
      );
      assert.match(failure, expected);
      await noWorkers(page);
    });
  }

  it('sends requests to its server only, takes the engine for relaxed SIMD, and the console stays empty', () => {
    assert.ok(open.requests.length > 10);
    const engines = open.requests.map((url) => /[^/]*\.wasm$/.exec(url)?.[0]).filter(Boolean);
    assert.deepEqual([...new Set(engines)], ['rerank-relaxed.wasm']);
    for (const url of open.requests) assert.ok(url.startsWith(`${chromium.url}/`) || url.startsWith('data:'), url);
    assert.deepEqual(open.complaints, []);
  });
});
