import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { createReranker } from 'rerank-wasm';
import { entry } from '#internal/entry.js';
import { isolatePlatform } from '#internal/platforms/isolate.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { collectGarbage } from '../../support/asserts/collect.js';
import { enterPage, WebWorker } from '../../support/browsers/page.js';
import { tiny, tinyBytes } from '../../support/models/tiny.js';
import { engineUrl } from '../../support/paths.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const documents = ['a text', 'another text', 'the third'];

/** Waits until the reranker has freed its engine. */
async function freed(reranker) {
  while ((await reranker.statistics()).memoryBytes > 0) await sleep(5);
}

const places = {
  'in place': (options) => createReranker({ model: tiny, worker: false, ...options }),
  'in a worker thread': async (options) => createReranker({ model: await tinyBytes(), worker: true, ...options }),
  async 'in the worker of a page'(options) {
    const page = await enterPage(WebWorker);
    const wasm = await readFile(engineUrl);
    return page.createReranker({ model: await tinyBytes(), wasm, worker: true, ...options });
  },
};

for (const [place, create] of Object.entries(places)) {
  describe(`idleTimeout ${place}`, () => {
    it('frees the engine, and the next call has the same scores', async () => {
      const reranker = await create({ idleTimeout: 10 });
      const before = await reranker.rerank('query', documents);
      for (let round = 0; round < 2; round += 1) {
        await freed(reranker);
        const [again, beside] = await Promise.all([1, 2].map(() => reranker.rerank('query', documents)));
        assert.deepEqual([again, beside], [before, before]);
      }
      await reranker.dispose();
      await rejectsWith(reranker.rerank('query', documents), 'disposed');
    });

    it('frees no engine while a stream is read', async () => {
      const reranker = await create({ idleTimeout: 1 });
      const seen = [];
      for await (const { index } of reranker.stream('query', documents)) {
        seen.push(index);
        await sleep(5);
      }
      assert.deepEqual(seen, [0, 1, 2]);
      await reranker.dispose();
    });

    it('may be disposed while the model is loaded again', async () => {
      const reranker = await create({ idleTimeout: 10 });
      await freed(reranker);
      const failure = rejectsWith(reranker.rerank('query', documents), 'disposed');
      await reranker.dispose();
      await failure;
    });
  });
}

describe('the memory of a model with idleTimeout', () => {
  it('goes back to the system while nothing calls', async () => {
    const memories = [];
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...parameters) => {
      const instance = await instantiate(...parameters);
      if (instance.exports?.model_start) memories.push(new WeakRef(instance.exports.memory));
      return instance;
    };
    try {
      const reranker = await createReranker({ model: tiny, threads: 1, worker: false, idleTimeout: 10 });
      await reranker.rerank('query', documents);
      await freed(reranker);
      const held = () => memories.filter((memory) => memory.deref()).length;
      for (let round = 0; held() > 0 && round < 20; round += 1) await collectGarbage();
      assert.deepEqual([memories.length, held()], [1, 0]);
      await reranker.dispose();
    } finally {
      WebAssembly.instantiate = instantiate;
    }
  });

  it('holds the bytes that the caller passed and released', async () => {
    const reranker = await createReranker({ model: await tinyBytes(), worker: false, idleTimeout: 10 });
    await freed(reranker);
    for (let round = 0; round < 5; round += 1) await collectGarbage();
    assert.equal((await reranker.rerank('query', documents)).length, 3);
    await reranker.dispose();
  });
});

describe('idleTimeout', () => {
  it('keeps no process alive', async () => {
    const program = `
      import { createReranker } from 'rerank-wasm';
      const { tiny } = await import('../../support/models/tiny.js');
      const reranker = await createReranker({ model: tiny, idleTimeout: 3_600_000 });
      console.log((await reranker.rerank('query', ['text'])).length);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: here });
    assert.equal(stdout, '1\n');
  });

  it('is refused where timers end with a request', async () => {
    const { createReranker } = entry(isolatePlatform(await WebAssembly.compile(await readFile(engineUrl))));
    const creation = createReranker({ model: await tinyBytes(), idleTimeout: 1000 });
    await rejectsWith(creation, 'unsupported_environment', /`idleTimeout` needs/);
  });
});
