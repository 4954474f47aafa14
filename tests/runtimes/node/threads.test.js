import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { hasRelaxedSimd } from '#internal/instance/simd.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { numbers } from '../../support/asserts/random.js';
import { engineUrl } from '../../support/paths.js';
import { LittleMemory } from '../chromium/site/little-memory.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const query = 'Where do boats go?';
const words = ['river', 'bank', 'money', 'water', 'loan', 'boat', 'interest', 'fish'];
const text = (length, seed) => Array.from({ length }, (_, word) => words[(word * 7 + seed) % words.length]).join(' ');
const documents = [...Array.from({ length: 11 }, (_, index) => text(1 + ((index * 53) % 200), index)), text(700, 11)];

/** How often a reranker is made, used and disposed. A soak of 1,000 takes some minutes. */
const cycles = Number(process.env.RERANK_WASM_CYCLES ?? 8);

const threadsOfProcess = () => readdirSync('/proc/self/task').length;

/** Waits for threads to end, which may take a while. Deno's own threads end after 10 s without work. */
async function noMoreThreadsThan(count) {
  for (let left = 600; threadsOfProcess() > count && left > 0; left -= 1) await sleep(100);
  assert.ok(threadsOfProcess() <= count, `${threadsOfProcess()} threads, ${count} before`);
}

describe('threads in Node', () => {
  // Node starts threads for itself when it first reads a file.
  before(async () => (await createReranker({ model: mini, threads: 2 })).dispose());

  it('give the same bits, however many there are', async () => {
    // One list has more documents than threads, one has fewer, and one has a document in several windows.
    const lists = [documents, documents.slice(7, 9), documents.slice(-1)];
    const seen = [];
    for (const threads of [1, 2, 3, 8]) {
      const reranker = await createReranker({ model: mini, threads });
      assert.equal((await reranker.statistics()).threads, threads);
      const ranked = [];
      for (const list of lists) ranked.push(await reranker.rerank(query, list, { longDocuments: 'chunk' }));
      seen.push(ranked);
      await reranker.dispose();
    }
    for (const ranked of seen) assert.deepEqual(ranked, seen[0]);
  });

  it('give the same bits in each engine with threads that runs here', async () => {
    const names = ['rerank-threads-simd.wasm', ...(hasRelaxedSimd() ? ['rerank-threads.wasm'] : [])];
    const seen = [];
    for (const [name, threads] of names.flatMap((name) => [1, 2, 3].map((threads) => [name, threads]))) {
      const reranker = await createReranker({ model: mini, threads, wasm: new URL(name, engineUrl) });
      assert.equal((await reranker.statistics()).threads, threads);
      seen.push(await reranker.rerank(query, documents));
      await reranker.dispose();
    }
    for (const ranked of seen) assert.deepEqual(ranked, seen[0]);
  });

  it('are as many as there are processors, by themselves', async () => {
    const warnings = [];
    const reranker = await createReranker({
      model: mini,
      threads: 'auto',
      onWarning: ({ code }) => warnings.push(code),
    });
    const { threads } = await reranker.statistics();
    // With less memory fewer threads start, since each takes some.
    if (Math.min(process.constrainedMemory(), freemem()) > 1e9) {
      assert.equal(threads, Math.min(availableParallelism(), 8));
      assert.deepEqual(warnings, []);
    } else {
      assert.ok(threads >= 1 && threads <= availableParallelism());
    }
    await reranker.dispose();
  });

  it('end with their reranker, whatever it was at', async () => {
    const reranker = await createReranker({ model: mini, threads: 3 });
    const expected = await reranker.rerank(query, documents.slice(0, 6));
    await reranker.dispose();
    const before = threadsOfProcess();
    const random = numbers(8);
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const reranker = await createReranker({ model: mini, threads: 2 + random(2) });
      const controller = new AbortController();
      const calls = [
        reranker.rerank(query, documents, { signal: controller.signal }),
        reranker.rerank(query, documents.slice(0, 6)),
      ];
      setTimeout(() => controller.abort(), random(60));
      const [long, short] = await Promise.allSettled(calls);
      if (long.status === 'rejected') assert.equal(long.reason.code, 'aborted');
      assert.deepEqual(short.value, expected);
      const last = rejectsWith(reranker.rerank(query, documents), 'disposed');
      await reranker.dispose();
      await last;
    }
    await noMoreThreadsThan(before);
  });

  it('end where a file never comes and its reranker is not wanted any more', async () => {
    const before = threadsOfProcess();
    const controller = new AbortController();
    let creating;
    await new Promise((asked) => {
      const tokenizer = () => {
        asked();
        return new Promise(() => {});
      };
      const model = { name: 'stuck', files: { ...mini.files, tokenizer } };
      creating = rejectsWith(createReranker({ model, threads: 3, signal: controller.signal }), 'aborted');
    });
    controller.abort();
    await creating;
    await noMoreThreadsThan(before);
  });

  it('end where the signal aborts when the model is ready and the caller has no reranker yet', async () => {
    const before = threadsOfProcess();
    const controller = new AbortController();
    const onProgress = ({ phase, loaded, total }) => {
      if (phase === 'load' && loaded === total) queueMicrotask(() => controller.abort());
    };
    const creating = createReranker({ model: mini, threads: 3, onProgress, signal: controller.signal });
    await rejectsWith(creating, 'aborted');
    await noMoreThreadsThan(before);
  });

  it('fail with the code of the one that had no memory, which the next call has', async () => {
    const before = threadsOfProcess();
    const sound = await createReranker({ model: mini, threads: 1 });
    const expected = await sound.rerank(query, documents);
    await sound.dispose();
    const { Memory } = WebAssembly;
    WebAssembly.Memory = LittleMemory;
    let reranker;
    try {
      reranker = await createReranker({ model: mini, threads: 8, worker: false });
    } finally {
      WebAssembly.Memory = Memory;
    }
    const long = Array.from({ length: 40 }, (_, index) => text(600, index));
    await rejectsWith(reranker.rerank(query, long), 'out_of_memory');
    assert.deepEqual(await reranker.rerank(query, documents), expected);
    await reranker.dispose();
    await noMoreThreadsThan(before);
  });

  // The program's arguments are Node's.
  const skip = 'Deno' in globalThis || 'Bun' in globalThis;
  it('hold no promise back when they end, also where nothing else keeps the process', { skip }, async () => {
    const script = `
      import { createReranker } from 'rerank-wasm';
      import mini from 'rerank-wasm-mini';
      import { LittleMemory } from ${JSON.stringify(new URL('../chromium/site/little-memory.js', import.meta.url).href)};
      WebAssembly.Memory = LittleMemory;
      const reranker = await createReranker({ model: mini, threads: 8, worker: false });
      const words = 'river bank money water loan boat interest fish '.repeat(80);
      const long = Array.from({ length: 40 }, (_, index) => index + words);
      for (let call = 0; call < 3; call += 1) {
        const code = await reranker.rerank('boats', long).catch(({ code }) => code);
        const [{ index }] = await reranker.rerank('boats', ['money', 'A boat.']);
        console.log(code, index);
      }
      await reranker.dispose();
      console.log('disposed');`;
    // Node ends with the exit code 13 if a promise is left pending.
    const options = { cwd: here, timeout: 300_000, killSignal: 'SIGKILL' };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], options);
    assert.deepEqual(stdout.trim().split('\n'), [...Array(3).fill('out_of_memory 1'), 'disposed']);
  });
});

describe('threads that cannot be had', () => {
  it('are refused where a number of them was asked for', async () => {
    for (const threads of [0, -1, 1.5, '2', null]) {
      const message = /^`threads` must be 'auto' or a positive integer; it is .+\.$/;
      await rejectsWith(createReranker({ model: mini, threads }), 'invalid_input', message);
    }
    await rejectsWith(
      createReranker({ model: mini, threads: 65 }),
      'unsupported_environment',
      /^65 threads were asked for .*\. 64 is the most\. /,
    );
  });
});
