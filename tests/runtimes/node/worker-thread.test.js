import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { createReranker } from 'rerank-wasm';
import { createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { collectGarbage } from '../../support/asserts/collect.js';
import { engineThatTraps } from '../../support/models/engine.js';
import { tiny, tinyBytes, tinyDirectory } from '../../support/models/tiny.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const query = 'Where do boats go?';
const documents = ['money', 'A boat goes down the river.', 'loan'];
const long = Array.from({ length: 20 }, (_, index) => `${index} river bank money water loan boat `.repeat(30));

/** The programs' arguments are Node's. */
const skip = 'Deno' in globalThis || 'Bun' in globalThis;

/** Runs a script in another Node, with these flags; returns its lines. */
async function runScript(script, flags = []) {
  const options = { cwd: here, timeout: 120_000, killSignal: 'SIGKILL' };
  const { stdout, stderr } = await run(process.execPath, [...flags, '--input-type=module', '--eval', script], options);
  assert.equal(stderr.replace(/^\(.*\n/gm, ''), '');
  return stdout.trim().split('\n');
}

const workers = () => process.report.getReport().workers.length;

async function noMoreWorkersThan(count) {
  for (let left = 300; workers() > count && left > 0; left -= 1) await sleep(100);
  assert.ok(workers() <= count, `${workers()} workers, ${count} before`);
}

/** Passes a request of Node's server to a handler for web requests, and its answer back. */
async function answer(handle, request, response) {
  const body = request.method === 'POST' ? await text(request) : undefined;
  const { method, headers } = request;
  const answered = await handle(new Request(`http://localhost${request.url}`, { method, headers, body }));
  response.writeHead(answered.status).end(await answered.text());
}

describe('a server that ranks', () => {
  for (const threads of [1, 2]) {
    it(`answers other requests meanwhile, with ${threads} of ${availableParallelism()} threads`, { skip }, async () => {
      const handle = createHandler({ reranker: { model: mini, threads } });
      const server = createServer((request, response) => answer(handle, request, response)).listen(0);
      const url = `http://localhost:${server.address().port}`;
      const rank = async () => {
        const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
        const response = await fetch(`${url}/v1/rerank`, { ...init, body: JSON.stringify({ query, documents: long }) });
        return (await response.json()).results.length;
      };
      assert.equal(await rank(), 20);
      let done = false;
      const before = performance.eventLoopUtilization();
      const ranking = rank().finally(() => {
        done = true;
      });
      let answers = 0;
      for (; !done; answers += 1) {
        assert.equal((await fetch(`${url}/healthz`)).status, 200);
        await sleep(20);
      }
      const { utilization } = performance.eventLoopUtilization(before);
      assert.equal(await ranking, 20);
      // In place it is above 0.9, and one or two requests are answered.
      assert.ok(utilization < 0.5, `the event loop was busy for ${utilization} of the time, with ${answers} answers`);
      server.closeAllConnections();
      server.close();
    });
  }
});

describe('a worker thread', () => {
  it('leaves the event loop of its caller free', async () => {
    const texts = long.map((document) => document.slice(0, 400));
    /** Returns how often a timer fires while 20 documents are ranked. */
    const turnsBeside = async (options) => {
      const reranker = await createReranker({ model: mini, ...options });
      let done = false;
      const ranking = reranker.rerank(query, texts).finally(() => {
        done = true;
      });
      let turns = 0;
      for (; !done; turns += 1) await sleep(1);
      assert.equal((await ranking).length, texts.length);
      await reranker.dispose();
      return turns;
    };
    for (const threads of [1, 2]) {
      // In place, the engine lets others run between two of its steps, and a step is a document or more.
      const inPlace = await turnsBeside({ threads, worker: false });
      assert.ok(inPlace <= 2 * texts.length, `${inPlace} turns in place`);
      const beside = await turnsBeside({ threads });
      assert.ok(beside > 3 * texts.length, `${beside} turns with ${threads} threads`);
    }
  });

  it('gives what the engine gives in place', async () => {
    const seen = [];
    for (const worker of ['auto', true, false]) {
      const phases = new Set();
      const onProgress = ({ phase }) => phases.add(phase);
      const reranker = await createReranker({ model: mini, worker, onProgress });
      assert.deepEqual([...phases], ['download', 'verify', 'load']);
      const { memoryBytes: _, ...statistics } = await reranker.statistics();
      seen.push([statistics, await reranker.rerank(query, documents, { returnDocuments: true })]);
      await reranker.dispose();
    }
    for (const it of seen) assert.deepEqual(it, seen[0]);
  });

  it('is started unless it is not wanted, and ends with its reranker', { skip }, async () => {
    const before = workers();
    const inPlace = await createReranker({ model: tiny, threads: 1, worker: false });
    assert.equal(workers(), before);
    const reranker = await createReranker({ model: tiny, threads: 1 });
    assert.equal(workers(), before + 1);
    await reranker.dispose();
    assert.equal(workers(), before);
    await inPlace.dispose();
  });

  it('ends when its reranker is garbage', { skip }, async () => {
    const before = workers();
    // These lines are a function because its end releases its variables.
    const drop = async () => {
      const reranker = await createReranker({ model: tiny, threads: 1 });
      assert.equal((await reranker.rerank(query, documents)).length, 3);
    };
    await drop();
    for (let round = 0; round < 20 && workers() > before; round += 1) await collectGarbage();
    await noMoreWorkersThan(before);
  });

  it('takes a file in every form', async () => {
    const { files } = await tinyBytes();
    const forms = {
      bytes: files.model,
      buffer: files.model.slice().buffer,
      Blob: new Blob([files.model]),
      'Blob of a file': await openAsBlob(new URL('onnx/model_quantized.onnx', pathToFileURL(tinyDirectory))),
      'blob: URL': URL.createObjectURL(new Blob([files.model])),
      'data: URL': `data:application/octet-stream;base64,${Buffer.from(files.model).toString('base64')}`,
      'file: URL': new URL('onnx/model_quantized.onnx', pathToFileURL(tinyDirectory)),
      function: () => new Response(files.model),
    };
    for (const [form, model] of Object.entries(forms)) {
      const given = { name: form, files: { ...files, model } };
      const reranker = await createReranker({ model: given, worker: true, threads: 1 });
      assert.equal((await reranker.rerank(query, documents)).length, 3, form);
      await reranker.dispose();
    }
  });

  it('takes bytes and functions', async () => {
    const { files } = await tinyBytes();
    const expected = await createReranker({ model: tiny });
    const results = await expected.rerank(query, documents);
    await expected.dispose();
    const asFunctions = Object.fromEntries(
      Object.entries(files).map(([role, bytes]) => [role, () => new Response(bytes)]),
    );
    for (const given of [files, asFunctions]) {
      const reranker = await createReranker({ model: { name: 'given', files: given }, worker: true });
      assert.deepEqual(await reranker.rerank(query, documents), results);
      await reranker.dispose();
    }
    const failing = { name: 'failing', files: { ...files, model: () => new Response('', { status: 500 }) } };
    await rejectsWith(createReranker({ model: failing, worker: true }), 'download_failed', /status 500/);
  });

  it('is replaced if the engine crashes, with the calls that did not crash it', async () => {
    const reranker = await createReranker({ model: tiny, worker: true, threads: 1, wasm: await engineThatTraps(2) });
    for (let round = 0; round < 3; round += 1) {
      const calls = [1, 2].map(() => reranker.rerank('query', ['text']));
      const codes = (await Promise.allSettled(calls)).map(({ reason }) => reason?.code);
      assert.deepEqual(codes, [undefined, 'internal']);
    }
    await reranker.dispose();
  });

  it('does not keep the process, and is not lost while a call waits', { skip }, async () => {
    const lines = await runScript(`
      import { createReranker, rerank } from 'rerank-wasm';
      import mini from 'rerank-wasm-mini';
      const reranker = await createReranker({ model: mini, threads: 2 });
      const [{ index }] = await reranker.rerank('boats', ['money', 'A boat.']);
      const controller = new AbortController();
      reranker.rerank('boats', Array(400).fill('boat '.repeat(400)), { signal: controller.signal }).catch(({ code }) => {
        console.log(index, code);
      });
      setTimeout(() => controller.abort(), 200);`);
    assert.deepEqual(lines, ['1 aborted']);
  });

  it('is done without where Node forbids workers, with a warning', { skip }, async () => {
    const permission = Number(process.versions.node.split('.')[0]) >= 23 ? '--permission' : '--experimental-permission';
    const script = `
      import { createReranker } from 'rerank-wasm';
      import mini from 'rerank-wasm-mini';
      const warnings = [];
      const onWarning = ({ code, message }) => warnings.push(code, message);
      const reranker = await createReranker({ model: mini, threads: 1, onWarning });
      const [{ index }] = await reranker.rerank('boats', ['money', 'A boat.']);
      console.log(index, ...warnings);
      await createReranker({ model: mini, worker: true }).catch(({ code }) => console.log(code));`;
    const [line, code] = await runScript(script, [permission, '--allow-fs-read=*', '--no-warnings']);
    assert.match(line, /^1 worker_unavailable No worker can be started: .+ in place, which blocks this thread/);
    assert.equal(code, 'unsupported_environment');
  });

  it('may be of a script of yours', async () => {
    const start = () =>
      new Worker('import("rerank-wasm/worker").catch((error) => { throw error; })', { eval: true, execArgv: [] });
    const reranker = await createReranker({ model: tiny, worker: start });
    assert.equal((await reranker.rerank(query, documents)).length, 3);
    await reranker.dispose();
    const wrong = () => new Worker('process.exit(3)', { eval: true });
    await rejectsWith(createReranker({ model: tiny, worker: wrong }), 'unsupported_environment', /exit code 3/);
  });

  it('is not started in a thread of yours, which may be there for the ranking', { skip }, async () => {
    const script = `
      const { parentPort } = require('node:worker_threads');
      (async () => {
        const { createReranker } = await import('rerank-wasm');
        const { default: mini } = await import('rerank-wasm-mini');
        const reranker = await createReranker({ model: mini, threads: 1 });
        const [{ index }] = await reranker.rerank('boats', ['money', 'A boat.']);
        parentPort.postMessage([index, process.report.getReport().workers.length]);
      })();`;
    const thread = new Worker(script, { eval: true, execArgv: [] });
    const [index, started] = await new Promise((resolve, reject) => thread.on('message', resolve).on('error', reject));
    assert.deepEqual([index, started], [1, 0]);
    await thread.terminate();
  });
});
