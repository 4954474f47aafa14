import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { enterPage, WebWorker } from '../../support/browsers/page.js';
import { miniFile } from '../../support/models/mini.js';
import { engineUrl } from '../../support/paths.js';
import { startHub } from '../../support/servers/hub.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const query = 'What is the capital of France?';
const documents = [{ text: 'giraffe' }, { text: 'Paris is the capital of France.' }];
const many = Array.from({ length: 40 }, (_, index) => `document ${index}`);

describe('a page', () => {
  let hub;
  let page;
  let wasm;
  let model;
  before(async () => {
    hub = await startHub();
    page = await enterPage(WebWorker);
    wasm = await readFile(engineUrl);
    model = {
      name: 'mixed',
      files: {
        model: new URL(`${hub.model}/onnx/model_quantized.onnx`),
        tokenizer: new Blob([await miniFile('tokenizer.json')]),
        config: await miniFile('config.json'),
      },
    };
  });
  after(() => hub.close());

  it('gets from its worker what it would get without', async () => {
    const started = WebWorker.started.length;
    const phases = new Set();
    const reranker = await page.createReranker({ model, wasm, onProgress: ({ phase }) => phases.add(phase) });
    assert.equal(WebWorker.started.length, started + 1);
    assert.deepEqual([...phases], ['download', 'verify', 'load']);
    const here = await createReranker({ model: mini });
    const seen = [];
    const options = { returnDocuments: true, topN: 1 };
    const results = await reranker.rerank(query, documents, { ...options, onProgress: ({ done }) => seen.push(done) });
    assert.deepEqual(results, await here.rerank(query, documents, options));
    assert.equal(results[0].document, documents[1]);
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(await reranker.rerank(query, []), []);
    const { maxTokens, model: name } = await reranker.statistics();
    assert.deepEqual([maxTokens, name], [512, 'mixed']);
    await rejectsWith(reranker.rerank('', []), 'invalid_input');
    await rejectsWith(reranker.rerank(query, ['x'], { maxTokens: 5 }), 'invalid_input', /room/);
    await Promise.all([reranker.dispose(), here.dispose()]);
    await WebWorker.started.at(-1).terminated;
    await rejectsWith(reranker.rerank(query, documents), 'disposed');
    await rejectsWith(reranker.statistics(), 'disposed');
    await reranker.dispose();
  });

  it('has an engine in each of several workers for a number of threads, with the scores of one', async () => {
    const [one, three] = [
      await page.createReranker({ model, wasm, threads: 1 }),
      await page.createReranker({ model, wasm, threads: 3 }),
    ];
    assert.equal((await three.statistics()).threads, 3);
    assert.deepEqual(await three.rerank(query, many), await one.rerank(query, many));
    await Promise.all([one.dispose(), three.dispose()]);
    await Promise.all(WebWorker.started.slice(-4).map(({ terminated }) => terminated));
    await rejectsWith(three.rerank(query, many), 'disposed');
  });

  it('aborts and disposes across', async () => {
    const reranker = await page.createReranker({ model, wasm });
    const controller = new AbortController();
    const running = reranker.rerank(query, many, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 2 && controller.abort('enough'),
    });
    const throwing = reranker.rerank(query, many, {
      onProgress() {
        throw new Error('mine');
      },
    });
    const next = reranker.rerank(query, documents);
    assert.equal((await rejectsWith(running, 'aborted')).cause, 'enough');
    await rejectsWith(throwing, 'invalid_input', /mine/);
    assert.equal((await next).length, 2);
    const pending = [reranker.rerank(query, many), reranker.rerank(query, many), reranker.statistics()];
    const rejections = pending.map((promise) => rejectsWith(promise, 'disposed'));
    await reranker.dispose();
    await Promise.all(rejections);
  });

  it('hears of failures with their codes, and no worker stays', async () => {
    const missing = { ...model, files: { ...model.files, model: `${hub.model}/none.onnx` } };
    await rejectsWith(page.createReranker({ model: missing, wasm }), 'model_not_found', /none\.onnx/);
    const error = await rejectsWith(page.createReranker({ model, wasm: Uint8Array.of(1) }), 'invalid_input');
    assert.ok(error.cause instanceof Error);
    hub.faults.set('/mini/onnx/model_quantized.onnx', () => {});
    const stuck = page.createReranker({ model, wasm, signal: AbortSignal.timeout(300) });
    await rejectsWith(stuck, 'aborted');
    hub.faults.clear();
    await Promise.all(WebWorker.started.map(({ terminated }) => terminated));
  });

  it('has what its cache opens too late for an aborted load cancelled', async () => {
    const controller = new AbortController();
    let opened = () => {};
    const asked = new Promise((resolve) => {
      opened = resolve;
    });
    let release = () => {};
    const cancelled = new Promise((resolve) => {
      release = resolve;
    });
    const cache = new MemoryCache();
    cache.read = async (url) => {
      opened();
      await rejection;
      return { url, size: 1, sha256: '', stream: new ReadableStream({ cancel: release }) };
    };
    const rejection = rejectsWith(page.createReranker({ model, wasm, cache, signal: controller.signal }), 'aborted');
    await asked;
    controller.abort();
    await cancelled;
  });

  it('works in place where no worker can be started, unless one is demanded', async () => {
    class Forbidden {
      constructor() {
        throw new DOMException('not allowed', 'SecurityError');
      }
    }
    class Missing extends WebWorker {
      static script = 'file:///none.js';
    }
    for (const Worker of [Forbidden, Missing]) {
      await enterPage(Worker);
      const warnings = [];
      const reranker = await page.createReranker({ model, wasm, onWarning: (warning) => warnings.push(warning) });
      // This page has no caches either.
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['worker_unavailable', 'cache_unavailable'],
      );
      assert.match(warnings[0].message, /^No worker can be started: .+\. The engine runs in place, .+ `worker`\.$/);
      assert.equal((await reranker.rerank(query, documents)).length, 2);
      await reranker.dispose();
      await rejectsWith(page.createReranker({ model, wasm, worker: true }), 'unsupported_environment', /worker/);
    }
    await enterPage(WebWorker);
  });

  it('gives a worker up that never says that it runs', async () => {
    class Silent extends WebWorker {
      static script = 'data:text/javascript,setInterval(() => {}, 1000);';
    }
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (callback, milliseconds, ...rest) =>
      setTimeout(callback, milliseconds === 30_000 ? 50 : milliseconds, ...rest);
    try {
      const options = { model, wasm, worker: () => new Silent() };
      await rejectsWith(page.createReranker(options), 'unsupported_environment', /^No worker can be started: .* 30 s/);
      await WebWorker.started.at(-1).terminated;
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });

  it('works in place where it wants to', async () => {
    const started = WebWorker.started.length;
    const reranker = await page.createReranker({ model, wasm, worker: false });
    assert.equal((await reranker.rerank(query, documents)).length, 2);
    await reranker.dispose();
    assert.equal(WebWorker.started.length, started);
  });

  it('has no directories', async () => {
    await rejectsWith(page.createReranker({ model: './models/mini' }), 'model_not_found', /bge-reranker-base/);
    await rejectsWith(page.createReranker({ model: 'file:///models/mini' }), 'unsupported_environment');
  });
});
