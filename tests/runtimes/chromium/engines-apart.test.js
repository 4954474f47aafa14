import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { noWorkers, useChromium } from '../../support/browsers/chromium.js';
import { engineThatTraps } from '../../support/models/engine.js';

describe('several engines in a page that is not isolated', () => {
  const chromium = useChromium();
  let open;
  beforeEach(async () => {
    open = await chromium.open('/site/');
  });
  afterEach(() => open.close());

  it('give the bits, the order and the progress of one', async () => {
    const outcomes = await open.page.evaluate(async () => {
      const { createReranker, mini, mixedDocuments } = await import('/site/tools.js');
      const documents = mixedDocuments();
      const outcomes = [];
      for (const threads of [1, 2, 4]) {
        const reranker = await createReranker({ model: mini, threads });
        const { threads: count, memoryBytes } = await reranker.statistics();
        const progress = [];
        const onProgress = ({ done, total }) => progress.push(`${done}/${total}`);
        const options = { onProgress, longDocuments: 'chunk' };
        const results = await reranker.rerank('Where do boats go?', documents, options);
        const streamed = [];
        for await (const result of reranker.stream('Where do boats go?', documents, { longDocuments: 'chunk' })) {
          streamed.push(result);
        }
        await reranker.dispose();
        outcomes.push({ count, memoryBytes, progress, results, streamed });
      }
      return outcomes;
    });
    const [one] = outcomes;
    for (const [index, { count, memoryBytes, ...seen }] of outcomes.entries()) {
      assert.equal(count, [1, 2, 4][index]);
      assert.ok(memoryBytes > 0.9 * count * one.memoryBytes && memoryBytes < 1.1 * count * one.memoryBytes);
      assert.deepEqual(seen, { progress: one.progress, results: one.results, streamed: one.streamed });
    }
    assert.deepEqual(
      one.streamed.map(({ index }) => index),
      one.streamed.map((_, index) => index),
    );
    await noWorkers(open.page);
  });

  it('start by themselves for a small model, which is downloaded once', async () => {
    const { threads, engines, warnings } = await open.page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      const warnings = [];
      const onWarning = ({ message }) => warnings.push(message);
      const reranker = await createReranker({ model: mini, threads: 'auto', cache: 'none', onWarning });
      const { threads } = await reranker.statistics();
      await reranker.dispose();
      return { threads, engines: Math.min(4, navigator.hardwareConcurrency), warnings };
    });
    assert.deepEqual([threads, warnings], [engines, []]);
    const count = (pattern) => open.requests.filter((url) => pattern.test(url)).length;
    assert.deepEqual([count(/\.onnx$/), count(/tokenizer\.json$/), count(/\.wasm$/)], [1, 1, 1]);
    assert.equal(count(/(rerank|worker)-threads/), 0);
  });

  it('are replaced one by one when they crash, and only the call that caused it fails', async () => {
    const wasm = (await engineThatTraps(9)).toString('base64');
    const { failures, results, expected } = await open.page.evaluate(async (wasm) => {
      const { createReranker, mini, documents, failureOf } = await import('/site/tools.js');
      const bytes = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
      const sound = await createReranker({ model: mini, threads: 1 });
      const expected = await sound.rerank('query', documents(12));
      await sound.dispose();
      const reranker = await createReranker({ model: mini, threads: 2, wasm: bytes });
      const failures = [];
      const results = [];
      for (let call = 0; call < 12; call += 1) {
        const called = reranker.rerank('query', documents(12));
        await called.then(
          (ranked) => results.push(ranked),
          async () => failures.push((await failureOf(called)).split(':')[0]),
        );
      }
      await reranker.dispose();
      return { failures, results, expected };
    }, wasm);
    assert.ok(failures.length > 0 && results.length > 0, `${failures.length} failures, ${results.length} results`);
    assert.deepEqual(new Set(failures), new Set(['internal']));
    for (const ranked of results) assert.deepEqual(ranked, expected);
    await noWorkers(open.page);
  });

  it('are replaced when their worker dies, and only the calls on it fail', async () => {
    const { failures, beside, results, expected, threads } = await open.page.evaluate(async () => {
      const { createReranker, mini, documents, failureOf, mortalWorkers } = await import('/site/tools.js');
      const { workers, kill } = mortalWorkers();
      const reranker = await createReranker({ model: mini, threads: 2 });
      const expected = await reranker.rerank('query', documents(12));
      const long = documents(400).join(' ');
      const failures = [];
      const beside = [];
      const results = [];
      for (const victim of [0, 1]) {
        // Each engine scores one of two lone documents; the first engine begins.
        const lone = [0, 1].map(() => reranker.rerank('query', [long], { longDocuments: 'chunk' }));
        kill(workers[victim]);
        failures.push(await failureOf(lone[victim]));
        beside.push((await lone[1 - victim]).length);
        results.push(await reranker.rerank('query', documents(12)));
        const shared = reranker.rerank('query', documents(200));
        kill(workers.at(-1));
        failures.push(await failureOf(shared));
        results.push(await reranker.rerank('query', documents(12)));
      }
      const { threads } = await reranker.statistics();
      await reranker.dispose();
      return { failures, beside, results, expected, threads };
    });
    for (const failure of failures) assert.match(failure, /^internal: The worker failed: it was killed\.$/);
    assert.deepEqual([failures.length, beside, threads], [4, [1, 1], 2]);
    for (const ranked of results) assert.deepEqual(ranked, expected);
    await noWorkers(open.page);
  });

  it('end with calls, streams and a replacement that run when the reranker is disposed', async () => {
    const outcomes = await open.page.evaluate(async () => {
      const { createReranker, mini, documents, failureOf, mortalWorkers } = await import('/site/tools.js');
      const { workers, kill } = mortalWorkers();
      const reranker = await createReranker({ model: mini, threads: 4 });
      const streamed = async () => {
        for await (const { index } of reranker.stream('query', documents(400))) if (index === 0) begun();
      };
      let begun;
      const running = new Promise((resolve) => {
        begun = resolve;
      });
      const calls = [reranker.rerank('query', documents(400)), streamed(), reranker.rerank('query', ['lone'])];
      const ends = calls.map(failureOf);
      await running;
      kill(workers[2]);
      ends.push(failureOf(reranker.rerank('query', documents(400))));
      await reranker.dispose();
      ends.push(failureOf(reranker.rerank('query', ['late'])));
      return (await Promise.all(ends)).map((end) => end.split(':')[0]);
    });
    const [rerank, stream, lone, next, late] = outcomes;
    // The worker that died may have had none of a call's documents.
    for (const ended of [rerank, stream]) assert.ok(['internal', 'disposed'].includes(ended), ended);
    assert.ok(['no failure', 'internal', 'disposed'].includes(lone), lone);
    assert.deepEqual([next, late], ['disposed', 'disposed']);
    await noWorkers(open.page);
  });

  it('stop at once when a call is aborted or the reranker is disposed, and no worker stays', async () => {
    const { aborted, next, disposed } = await open.page.evaluate(async () => {
      const { createReranker, mini, documents, failureOf } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini, threads: 2 });
      const controller = new AbortController();
      const onProgress = ({ done }) => done === 2 && controller.abort('enough');
      const aborted = await failureOf(
        reranker.rerank('query', documents(200), { signal: controller.signal, onProgress }),
      );
      const next = await reranker.rerank('query', ['text', 'another']);
      const running = failureOf(reranker.rerank('query', documents(200)));
      await reranker.dispose();
      return { aborted, next: next.length, disposed: await running };
    });
    assert.match(aborted, /^aborted: /);
    assert.match(disposed, /^disposed: /);
    assert.equal(next, 2);
    await noWorkers(open.page);
  });

  it('are not left behind when the creation is aborted', async () => {
    const codes = await open.page.evaluate(async () => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const codes = [];
      for (let milliseconds = 0; milliseconds < 600; milliseconds += 60) {
        const signal = AbortSignal.timeout(milliseconds);
        const creating = createReranker({ model: mini, threads: 4, signal });
        const failure = await failureOf(creating.then((reranker) => reranker.dispose()));
        codes.push(failure.split(':')[0]);
      }
      return codes;
    });
    assert.ok(
      codes.every((code) => ['aborted', 'no failure'].includes(code)),
      `${codes}`,
    );
    assert.equal(codes[0], 'aborted');
    await noWorkers(open.page);
  });

  it('are refused where the caller returns one worker twice, or fewer than a number', async () => {
    const { number, auto } = await open.page.evaluate(async () => {
      const { createReranker, mini, failureOf } = await import('/site/tools.js');
      const start = () => new Worker('/rerank-wasm/worker.js', { type: 'module' });
      const once = () => {
        const worker = start();
        return () => worker;
      };
      const number = await failureOf(createReranker({ model: mini, worker: once(), threads: 2 }));
      const warnings = [];
      const onWarning = ({ code, message }) => warnings.push(`${code}: ${message}`);
      const reranker = await createReranker({ model: mini, worker: once(), threads: 'auto', onWarning });
      const { threads } = await reranker.statistics();
      await reranker.dispose();
      return { number, auto: { threads, warnings } };
    });
    assert.match(number, /^unsupported_environment: .*returned the same worker twice/);
    assert.equal(auto.threads, 1);
    assert.equal(auto.warnings.length, 1);
    assert.match(auto.warnings[0], /^threads_unavailable: The engine runs on one thread\. .*same worker twice/);
    await noWorkers(open.page);
  });

  it('are all freed while nothing calls, and all start again', async () => {
    const outcomes = await open.page.evaluate(async () => {
      const { createReranker, mini, documents } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini, threads: 2, idleTimeout: 50 });
      const outcomes = [];
      for (let round = 0; round < 3; round += 1) {
        const results = await reranker.rerank('query', documents(12));
        const { threads } = await reranker.statistics();
        while ((await reranker.statistics()).memoryBytes > 0) await new Promise((resolve) => setTimeout(resolve, 10));
        outcomes.push({ threads, results });
      }
      await reranker.dispose();
      return outcomes;
    });
    for (const { threads, results } of outcomes) {
      assert.equal(threads, 2);
      assert.deepEqual(results, outcomes[0].results);
    }
    await noWorkers(open.page);
  });
});
