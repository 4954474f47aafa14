import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createReranker } from 'rerank-wasm';
import { entry } from '#internal/entry.js';
import { isolatePlatform } from '#internal/platforms/isolate.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { collectGarbage } from '../../support/asserts/collect.js';
import { enterPage, WebWorker } from '../../support/browsers/page.js';
import { engineThatTraps, engineWithMemoryLimit } from '../../support/models/engine.js';
import { tinyAt, tinyBytes } from '../../support/models/tiny.js';
import { engineUrl } from '../../support/paths.js';
import { startHub } from '../../support/servers/hub.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';
import { serveDirectory } from '../../support/servers/static.js';

/** Each document takes one step. */
const long = Array.from({ length: 4 }, (_, index) => `${index} ${'word '.repeat(300)}`);
const many = Array.from({ length: 40 }, (_, index) => `document ${index}`);
const megabyte = 'x'.repeat(1 << 20);
const pageBytes = 65_536;

/** Room for some calls beside the loaded model, in pages. */
const room = 100;

async function engineWithLittleRoom(model) {
  const reranker = await createReranker({ model, cache: 'none' });
  const { memoryBytes } = await reranker.statistics();
  await reranker.dispose();
  return engineWithMemoryLimit(memoryBytes / pageBytes + room);
}

describe('an instance that crashes', () => {
  let hub;
  let page;
  let expected;
  let model;
  before(async () => {
    hub = await startHub();
    model = await tinyAt(hub);
    page = await enterPage(WebWorker);
    const reranker = await createReranker({ model, cache: 'none' });
    expected = await reranker.rerank('query', many);
    await reranker.dispose();
  });
  after(() => hub.close());

  for (const worker of [false, true]) {
    const where = worker ? 'in a worker' : 'in place';
    const create = (options) => page.createReranker({ model, worker, cache: 'none', ...options });

    it(`out of memory is replaced, ${where}: its call fails, those beside it and after it are answered`, async () => {
      const reranker = await create({ wasm: await engineWithLittleRoom(model) });
      try {
        const beside = reranker.rerank('query', many);
        const breaking = reranker.rerank('query', [megabyte.repeat(50)]);
        const behind = reranker.rerank('query', many);
        await rejectsWith(breaking, 'out_of_memory');
        assert.deepEqual(await Promise.all([beside, behind]), [expected, expected]);
        assert.deepEqual(await reranker.rerank('query', many), expected);
        const { memoryBytes, maxTokens } = await reranker.statistics();
        assert.ok(maxTokens > 0 && memoryBytes > 0);
      } finally {
        await reranker.dispose();
      }
    });

    it(`by a trap is replaced, ${where}, again and again, and no document is reported twice`, async () => {
      const reranker = await create({ wasm: await engineThatTraps(4) });
      try {
        for (let round = 0; round < 3; round += 1) {
          const seen = [];
          const streaming = (async () => {
            for await (const { index } of reranker.stream('query', long)) seen.push(index);
          })();
          const error = await rejectsWith(streaming, 'internal', /divi/i);
          assert.deepEqual(seen, [0, 1, 2]);
          assert.equal(error.message.includes('create a new'), false);
        }
        assert.equal((await reranker.rerank('query', ['text'])).length, 1);
      } finally {
        await reranker.dispose();
      }
    });

    it(`takes nothing from the calls beside it, ${where}, which go on where they were`, async () => {
      const reranker = await create({ wasm: await engineThatTraps(6) });
      try {
        const told = [];
        const onProgress = ({ done }) => told.push(done);
        const calls = await Promise.allSettled([
          reranker.rerank('query', long),
          reranker.rerank('query', long, { onProgress }),
        ]);
        // There are six turns. Which call has the last depends on when the second began.
        const [broken, whole] = calls[0].status === 'rejected' ? calls : calls.toReversed();
        assert.equal(broken.reason?.code, 'internal');
        assert.equal(whole.value?.length, long.length);
        assert.deepEqual(told, [1, 2, 3, 4].slice(0, told.length));
        assert.equal(told.length === long.length, calls[1] === whole);
      } finally {
        await reranker.dispose();
      }
    });

    it(`and cannot be replaced fails those that wait with the reason, ${where}, and the next call tries again`, async () => {
      const reranker = await create({ wasm: await engineThatTraps(2) });
      try {
        const config = hub.faults.get('/tiny/config.json');
        hub.faults.set('/tiny/config.json', (_, response) => response.writeHead(403).end());
        const calls = await Promise.allSettled([1, 2].map(() => reranker.rerank('query', long)));
        assert.deepEqual(calls.map(({ reason }) => reason?.code).sort(), ['download_failed', 'internal']);
        hub.faults.set('/tiny/config.json', config);
        assert.equal((await reranker.rerank('query', ['text'])).length, 1);
      } finally {
        await reranker.dispose();
      }
    });

    it(`and is disposed while it is replaced settles all calls, ${where}`, async () => {
      const reranker = await create({ wasm: await engineThatTraps(2) });
      const replacing = new Promise((resolve) => {
        hub.faults.set('/tiny/config.json', resolve);
      });
      const calls = Promise.allSettled([1, 2].map(() => reranker.rerank('query', long)));
      await replacing;
      const later = [reranker.rerank('query', many), reranker.statistics()].map((call) =>
        rejectsWith(call, 'disposed'),
      );
      const aborted = reranker.rerank('query', many, { signal: AbortSignal.timeout(10) });
      await rejectsWith(aborted, 'aborted');
      await reranker.dispose();
      await Promise.all(later);
      assert.deepEqual((await calls).map(({ reason }) => reason?.code).sort(), ['disposed', 'internal']);
      await tinyAt(hub);
    });

    it(`is loaded again from the cache, ${where}, without a request`, async () => {
      const cache = new MemoryCache();
      const reranker = await create({ wasm: await engineThatTraps(1), cache });
      try {
        const requests = hub.requests.length;
        for (let round = 0; round < 2; round += 1) await rejectsWith(reranker.rerank('query', many), 'internal');
        await reranker.statistics();
        assert.equal(hub.requests.length, requests);
      } finally {
        await reranker.dispose();
      }
    });
  }

  it('while a model loads is replaced, but not a second time', async () => {
    const trapping = await engineThatTraps(1, 'loader_finish');
    const sound = await readFile(engineUrl);
    const server = await serveDirectory(fileURLToPath(new URL('.', engineUrl)));
    const load = (...engines) => {
      server.faults.set('/rerank.wasm', (_, response) => {
        response.writeHead(200, { 'content-type': 'application/wasm' }).end(engines.shift());
      });
      return createReranker({ model, cache: 'none', wasm: `${server.url}/rerank.wasm` });
    };
    try {
      const reranker = await load(trapping, sound);
      assert.deepEqual(await reranker.rerank('query', many), expected);
      await reranker.dispose();
      await rejectsWith(load(trapping, trapping, sound), 'internal', /crashed/);
    } finally {
      await server.close();
    }
  });

  for (const worker of [false, true]) {
    const where = worker ? 'in a worker, of which none stays' : 'in place';
    // Bun has no page, and its threads keep such bytes after the reranker is disposed.
    const skip = worker && Boolean(globalThis.Bun);
    const what = `is loaded again from bytes that the caller still has, and says so where they are gone, ${where}`;
    it(what, { skip }, async () => {
      const wasm = await engineThatTraps(1);
      const model = await tinyBytes();
      const reranker = await page.createReranker({ model, wasm, worker });
      await rejectsWith(reranker.rerank('query', many), 'internal');
      await reranker.statistics();
      await rejectsWith(reranker.rerank('query', many), 'internal');
      model.files.model = undefined;
      await collectGarbage();
      await rejectsWith(
        reranker.rerank('query', many),
        'model_not_found',
        /are no longer in memory; create a new reranker\.$/,
      );
      await Promise.all(WebWorker.started.map(({ terminated }) => terminated));
      await reranker.dispose();
    });
  }
});

describe('a worker with an instance that crashes', () => {
  // The suite holds these bytes. Otherwise no other instance could load them.
  let model;
  before(async () => {
    model = await tinyBytes();
  });

  it('by a call that was aborted meanwhile is replaced for the call beside it', async () => {
    const sound = await readFile(engineUrl);
    const trapping = await engineThatTraps(1);
    let loads = 0;
    /** Makes the first instance trap at once, and drops aborts as if they came too late. */
    class LateWorker extends WebWorker {
      postMessage(message, transfer) {
        if (message.type === 'abort') return;
        if (message.type === 'load') loads += 1;
        super.postMessage(message.type === 'load' && loads === 1 ? { ...message, wasm: trapping } : message, transfer);
      }
    }
    const page = await enterPage(LateWorker);
    const reranker = await page.createReranker({ model, wasm: sound, cache: 'none' });
    const controller = new AbortController();
    const breaking = rejectsWith(reranker.rerank('query', long, { signal: controller.signal }), 'aborted');
    const beside = reranker.rerank('query', ['text']);
    controller.abort();
    await breaking;
    assert.equal((await beside).length, 1);
    assert.equal(loads, 2);
    await reranker.dispose();
    await Promise.all(WebWorker.started.map(({ terminated }) => terminated));
  });

  it('behind a call that was aborted is replaced for the next call', async () => {
    const sound = await readFile(engineUrl);
    const trapping = await engineThatTraps(1, '__wbg_job_free');
    let loads = 0;
    /** Makes the first instance crash when it frees a call. */
    class FragileWorker extends WebWorker {
      postMessage(message, transfer) {
        if (message.type === 'load') loads += 1;
        super.postMessage(message.type === 'load' && loads === 1 ? { ...message, wasm: trapping } : message, transfer);
      }
    }
    const page = await enterPage(FragileWorker);
    const reranker = await page.createReranker({ model, wasm: sound, cache: 'none' });
    const controller = new AbortController();
    const aborted = reranker.rerank('query', long, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await rejectsWith(aborted, 'aborted');
    assert.equal((await reranker.rerank('query', ['text'])).length, 1);
    assert.equal(loads, 2);
    await reranker.dispose();
    await Promise.all(WebWorker.started.map(({ terminated }) => terminated));
  });
});

describe('an instance that crashes where a download dies with the request that began it', () => {
  const dataUrl = (bytes) => `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
  let bytes;
  let edge;
  before(async () => {
    bytes = await tinyBytes();
    edge = entry(isolatePlatform(await WebAssembly.compile(await engineThatTraps(1))));
  });

  async function breakOne(files) {
    const reranker = await edge.createReranker({ model: { name: 'tiny', files: { ...bytes.files, ...files } } });
    await rejectsWith(reranker.rerank('query', ['text']), 'internal', /^The engine crashed, .*divi/i);
    return reranker;
  }

  it('is replaced where the model needs no request', async () => {
    const { tokenizer, config } = bytes.files;
    const reranker = await breakOne({ tokenizer: new URL(dataUrl(tokenizer)), config: new Blob([config]) });
    assert.ok((await reranker.statistics()).memoryBytes > 0);
    await reranker.dispose();
  });

  it('is not where a function opens a file, or one must be fetched', async () => {
    const hub = await startHub();
    const { config } = bytes.files;
    try {
      const model = await tinyAt(hub);
      for (const files of [{ config: () => new Response(config) }, { tokenizer: model.files.tokenizer }]) {
        const reranker = await breakOne(files);
        await rejectsWith(
          reranker.statistics(),
          'internal',
          /^The engine crashed in an earlier call; create a new reranker\. /,
        );
        await reranker.dispose();
      }
    } finally {
      await hub.close();
    }
  });
});

describe('a worker that crashes', () => {
  it('fails the calls that it had, and the next call has another', async () => {
    const page = await enterPage(WebWorker);
    const wasm = await readFile(engineUrl);
    const model = await tinyBytes();
    const reranker = await page.createReranker({ model, wasm });
    const started = WebWorker.started.length;
    const calls = [1, 2].map(() => rejectsWith(reranker.rerank('query', long), 'internal', /crashed/));
    WebWorker.started.at(-1).dispatchEvent(Object.assign(new Event('error'), { message: 'crashed' }));
    await Promise.all(calls);
    const both = await Promise.all([reranker.rerank('query', ['text']), reranker.rerank('query', ['text'])]);
    assert.deepEqual(
      both.map(({ length }) => length),
      [1, 1],
    );
    assert.equal(WebWorker.started.length, started + 1);
    await reranker.dispose();
    await Promise.all(WebWorker.started.map(({ terminated }) => terminated));
  });
});
