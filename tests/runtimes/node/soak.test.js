import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';

import { createReranker } from 'rerank-wasm';

import { collectGarbage } from '../../support/asserts/collect.js';
import { numbers } from '../../support/asserts/random.js';
import { tiny } from '../../support/models/tiny.js';

const calls = 10_000;
const warmUp = 2_000;
const most = 1.02;
/** Bytes of buffers that a runtime may hold for its own use. */
const pooled = 65_536;

// V8 compiles, optimises and drops code at its own pace. That moves this heap by more than 2 %.
const steadyCode = [
  '--no-flush-bytecode',
  '--no-lazy-feedback-allocation',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
];
for (const flag of steadyCode) setFlagsFromString(flag);

/** Returns the bytes that are held after a garbage collection. */
async function heldBytes(reranker) {
  await collectGarbage();
  const { memoryBytes } = await reranker.statistics();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { linear: memoryBytes, heap: heapUsed, buffers: arrayBuffers };
}

it('10,000 calls of mixed size leave memory as it was after 2,000 of them', async () => {
  const reranker = await createReranker({ model: tiny, worker: false });
  const below = numbers(1);
  const text = () => 'word '.repeat(1 + below(below(10) === 0 ? 300 : 12));
  const documents = () => Array.from({ length: below(below(20) === 0 ? 40 : 5) }, text);

  /** Makes one call. Most are answered; some are aborted, left or refused; some overlap with the next. */
  async function call() {
    const kind = below(10);
    if (kind === 0) {
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      return reranker.rerank('query', documents(), { signal: controller.signal, onProgress }).catch(() => {});
    }
    if (kind === 1) {
      for await (const { index } of reranker.stream('query', documents())) if (index === 1) break;
      return undefined;
    }
    if (kind === 2) return reranker.rerank('query '.repeat(40), ['text'], { maxTokens: 8 }).catch(() => {});
    return reranker.rerank('query', documents(), kind === 3 ? { longDocuments: 'chunk', maxTokens: 64 } : {});
  }

  async function run(count) {
    for (let done = 0; done < count; ) {
      const together = Math.min(1 + below(4), count - done);
      await Promise.all(Array.from({ length: together }, call));
      done += together;
    }
  }

  // The largest calls run first, so that linear memory's high-water mark does not depend on chance.
  const largest = Array.from({ length: 40 }, (_, index) => `${index} ${'word '.repeat(300)}`);
  for (const options of [{}, { longDocuments: 'chunk', maxTokens: 64 }]) {
    await Promise.all(Array.from({ length: 4 }, () => reranker.rerank('query', largest, options)));
  }
  await run(warmUp);
  const before = await heldBytes(reranker);
  // One look may find objects that are about to go. Lost objects are there in every look.
  const looks = 4;
  const after = [];
  for (let look = 0; look < looks; look += 1) {
    await run((calls - warmUp) / looks);
    after.push(await heldBytes(reranker));
  }
  await reranker.dispose();
  const told = JSON.stringify({ before, after });
  assert.ok(after.at(-1).linear <= before.linear * most, told);
  const least = (kind) => Math.min(...after.slice(1).map((look) => look[kind]));
  assert.ok(least('heap') <= before.heap * most, told);
  assert.ok(least('buffers') <= before.buffers * most + pooled, told);
});
