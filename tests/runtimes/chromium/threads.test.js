import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { bitsOf } from '../../support/asserts/bits.js';
import { noWorkers, useChromium } from '../../support/browsers/chromium.js';
import { tinyDirectory } from '../../support/models/tiny.js';

describe('threads in a page that is cross-origin isolated', () => {
  const chromium = useChromium({ folders: { '/tiny/': resolve(tinyDirectory) }, isolated: true });
  let open;
  before(async () => {
    open = await chromium.open('/site/');
  });
  after(() => open.close());

  /** Ranks with this `threads` option. Returns the logits, the number of threads and the warnings. */
  function rank(threads) {
    return open.page.evaluate(async (threads) => {
      const { createReranker, mini, mixedDocuments } = await import('/site/tools.js');
      const warnings = [];
      const reranker = await createReranker({ model: mini, threads, onWarning: ({ code }) => warnings.push(code) });
      const documents = mixedDocuments();
      const lists = [documents, documents.slice(7, 9), documents.slice(-1)];
      const logits = [];
      for (const list of lists) {
        const results = await reranker.rerank('Where do boats go?', list, { longDocuments: 'chunk' });
        for (const { index, logit } of results) logits.push(index, logit);
      }
      const statistics = await reranker.statistics();
      await reranker.dispose();
      return { logits, threads: statistics.threads, warnings };
    }, threads);
  }

  it('give the same bits, however many there are, and end with their reranker', async () => {
    const alone = await rank(1);
    assert.equal(alone.threads, 1);
    for (const threads of [2, 3, 8]) {
      const together = await rank(threads);
      assert.equal(together.threads, threads);
      assert.deepEqual(bitsOf(together.logits), bitsOf(alone.logits));
      await noWorkers(open.page);
    }
  });

  it('are there by themselves', async () => {
    const processors = await open.page.evaluate(() => navigator.hardwareConcurrency);
    const { threads, warnings } = await rank('auto');
    assert.equal(threads, Math.min(processors, 8));
    assert.deepEqual(warnings, []);
  });

  it('end with the calls that are aborted and the rerankers that are disposed', async () => {
    const outcomes = await open.page.evaluate(
      async (cycles) => {
        const { createReranker, mini, mixedDocuments } = await import('/site/tools.js');
        const outcomes = new Set();
        const outcome = (promise) =>
          promise.then(
            () => outcomes.add('ranked'),
            ({ code }) => outcomes.add(code),
          );
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          const reranker = await createReranker({ model: mini, threads: 2 + (cycle % 2) });
          const controller = new AbortController();
          setTimeout(() => controller.abort(), (cycle * 37) % 90);
          await outcome(reranker.rerank('boats', mixedDocuments(), { signal: controller.signal }));
          const last = outcome(reranker.rerank('boats', mixedDocuments()));
          await reranker.dispose();
          await last;
        }
        return [...outcomes].sort();
      },
      Number(process.env.RERANK_WASM_CYCLES ?? 6),
    );
    assert.deepEqual(
      outcomes.filter((outcome) => outcome !== 'ranked'),
      ['aborted', 'disposed'],
    );
    await noWorkers(open.page);
  });

  it('end with a load that is aborted, whenever that is', async () => {
    const outcomes = await open.page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      const outcomes = [];
      // Repeat until three loads are ready before their signal.
      for (let [milliseconds, ready] = [0, 0]; ready < 3; milliseconds += 40) {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), milliseconds);
        const creating = createReranker({ model: mini, threads: 3, signal: controller.signal });
        try {
          await (await creating).dispose();
          ready += 1;
        } catch ({ code }) {
          outcomes.push(code);
        }
      }
      return outcomes;
    });
    assert.ok(outcomes.length > 0);
    assert.deepEqual([...new Set(outcomes)], ['aborted']);
    await noWorkers(open.page);
  });

  it('fail with the code of the one that had no memory, and the next call has other threads', async () => {
    const { failure, expected, ranked } = await open.page.evaluate(async () => {
      const { createReranker, failureOf, mini, mixedDocuments } = await import('/site/tools.js');
      const short = mixedDocuments().map((document) => document.slice(0, 20));
      const logits = async (reranker) =>
        (await reranker.rerank('boats', short)).map(({ index, logit }) => [index, logit]);
      const sound = await createReranker({ model: mini, threads: 1 });
      const expected = await logits(sound);
      await sound.dispose();
      const worker = () => new Worker('/site/worker-with-little-memory.js', { type: 'module' });
      const reranker = await createReranker({ model: mini, threads: 8, worker });
      const long = Array.from({ length: 40 }, (_, index) => `${index} ${mixedDocuments().at(-1)}`);
      const failure = await failureOf(reranker.rerank('boats', long));
      const ranked = await logits(reranker);
      await reranker.dispose();
      return { failure, expected, ranked };
    });
    assert.match(failure, /^out_of_memory: /);
    assert.deepEqual(ranked, expected);
    await noWorkers(open.page);
  });

  it('are replaced when one of them dies, and so is the worker that they help', async () => {
    const { outcomes, results, expected, threads } = await open.page.evaluate(async () => {
      const { createReranker, failureOf, mini, mixedDocuments, mortalWorkers } = await import('/site/tools.js');
      const { workers, kill } = mortalWorkers();
      const reranker = await createReranker({ model: mini, threads: 3 });
      const expected = await reranker.rerank('boats', mixedDocuments());
      const outcomes = [];
      const results = [];
      // So many texts, all different, that a busy page hears of the first one long before the engine is done.
      const many = Array.from({ length: 20 }, (_, round) => mixedDocuments().map((text) => `${round} ${text}`)).flat();
      // The worker of the instance comes first, its threads follow. A replacement starts all of them.
      for (const victim of [0, 1, 2]) {
        const dying = workers.slice(-3)[victim];
        let began;
        const running = new Promise((resolve) => {
          began = resolve;
        });
        const call = failureOf(reranker.rerank('boats', many, { onProgress: () => began() }));
        await running;
        kill(dying);
        outcomes.push(await call);
        results.push(await reranker.rerank('boats', mixedDocuments()));
      }
      const { threads } = await reranker.statistics();
      await reranker.dispose();
      return { outcomes, results, expected, threads };
    });
    assert.equal(threads, 3);
    const [worker, ...ofThreads] = outcomes;
    assert.match(worker, /^internal: The worker failed: it was killed\.$/);
    for (const outcome of ofThreads)
      assert.match(outcome, /^internal: A thread of the engine failed: it was killed\.$/);
    for (const ranked of results) assert.deepEqual(ranked, expected);
    await noWorkers(open.page);
  });

  it('that cannot be had in the end leave nothing behind, however soon their reranker is disposed', async () => {
    const outcomes = await open.page.evaluate(async () => {
      const { createReranker } = await import('/site/tools.js');
      // This model is ready at once.
      const model = new URL('/tiny/', location.href).href;
      const outcomes = [];
      for (const wish of [{}, { threads: 'auto' }]) {
        // The first worker is the engine's; the others are its threads. The fifth thread has no script.
        let started = 0;
        const worker = () => {
          started += 1;
          const script = started === 6 ? 'nowhere.js' : 'worker-with-eight-processors.js';
          return new Worker(`/site/${script}`, { type: 'module' });
        };
        const warnings = [];
        const onWarning = ({ code, message }) => warnings.push(`${code}: ${message}`);
        const reranker = await createReranker({ model, worker, onWarning, ...wish });
        const { threads } = await reranker.statistics();
        await reranker.dispose();
        outcomes.push({ threads, warnings });
      }
      return outcomes;
    });
    assert.deepEqual(
      outcomes.map(({ threads }) => threads),
      [1, 1],
    );
    const [silent, told] = outcomes.map(({ warnings }) => warnings);
    assert.deepEqual(silent, []);
    assert.equal(told.length, 1);
    assert.match(told[0], /^threads_unavailable: .*script cannot be loaded/);
    await noWorkers(open.page);
  });

  it('are not for an engine on the page itself', async () => {
    const { failure, warnings } = await open.page.evaluate(async () => {
      const { createReranker, failureOf, mini } = await import('/site/tools.js');
      const failure = await failureOf(createReranker({ model: mini, worker: false, threads: 2 }));
      const warnings = [];
      const onWarning = ({ code, message }) => warnings.push(`${code}: ${message}`);
      await (await createReranker({ model: mini, worker: false, threads: 'auto', onWarning })).dispose();
      return { failure, warnings };
    });
    assert.match(failure, /^unsupported_environment: 2 threads were asked for .* available\. The engine runs in place/);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^threads_unavailable: The engine runs on one thread\. The engine runs in place/);
  });

  it('are not for a worker with the script that has none', async () => {
    const failure = await open.page.evaluate(async () => {
      const { createReranker, failureOf, mini } = await import('/site/tools.js');
      const worker = () => new Worker('/rerank-wasm/worker.js', { type: 'module' });
      return failureOf(createReranker({ model: mini, worker, threads: 2 }));
    });
    assert.match(
      failure,
      /^unsupported_environment: 2 threads were asked for .* available\. .*worker's script is not `rerank-wasm\/worker-threads`/,
    );
    await noWorkers(open.page);
  });

  it('nothing stands in the console', () => assert.deepEqual(open.complaints, []));
});

describe('threads in a page with the one header of Chromium', () => {
  const chromium = useChromium({ isolated: 'document' });

  it('give the same bits, and keep pop-ups connected', async () => {
    const { page, complaints, close } = await chromium.open('/site/');
    const [alone, together] = await page.evaluate(async () => {
      const { createReranker, mini } = await import('/site/tools.js');
      const outcomes = [];
      for (const threads of [1, 2]) {
        const reranker = await createReranker({ model: mini, threads });
        const results = await reranker.rerank('boats', ['A river bank.', 'A savings bank.', 'fish']);
        const { threads: count } = await reranker.statistics();
        outcomes.push({ results, count, isolated: globalThis.crossOriginIsolated });
        await reranker.dispose();
      }
      return outcomes;
    });
    assert.deepEqual([alone.count, together.count, together.isolated], [1, 2, true]);
    assert.deepEqual(together.results, alone.results);
    const opener = page.waitForEvent('popup');
    await page.evaluate(() => void window.open('/site/'));
    const popup = await opener;
    assert.equal(await popup.evaluate(() => window.opener !== null), true);
    assert.deepEqual(complaints, []);
    await close();
  });
});

describe('threads in a page that is not', () => {
  const chromium = useChromium();

  it('are missed in place, with a word on the headers', async () => {
    const { page, requests, close } = await chromium.open('/site/');
    const { failure, warnings, threads } = await page.evaluate(async () => {
      const { createReranker, failureOf, mini } = await import('/site/tools.js');
      const failure = await failureOf(createReranker({ model: mini, worker: false, threads: 2 }));
      const warnings = [];
      const reranker = await createReranker({
        model: mini,
        worker: false,
        threads: 'auto',
        onWarning: ({ code, message }) => warnings.push(`${code}: ${message}`),
      });
      const { threads } = await reranker.statistics();
      await reranker.dispose();
      return { failure, warnings, threads };
    });
    await close();
    const headers =
      /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp .*Document-Isolation-Policy/;
    assert.match(failure, /^unsupported_environment: 2 threads were asked for and are not available\. /);
    assert.match(failure, headers);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^threads_unavailable: /);
    assert.match(warnings[0], headers);
    assert.equal(threads, 1);
    // A page without threads must not download their files.
    assert.deepEqual(
      requests.filter((url) => /(rerank|worker)-threads/.test(url)),
      [],
    );
  });
});
