import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { createReranker as create } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { miniFile } from '../../support/models/mini.js';
import { cutAfter, inTurn, status, withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const path = '/mini/onnx/model_quantized.onnx';
const part = 3_000_000;

describe('a download that is disturbed', () => {
  const waits = hurry();
  let hub;
  let graph;
  let pinned;
  let ranges;
  before(async () => {
    hub = await startHub();
    graph = await miniFile('onnx/model_quantized.onnx');
    const sha256 = createHash('sha256').update(graph).digest('hex');
    const [model, tokenizer] = [hub.url + path, `${hub.model}/tokenizer.json`];
    pinned = { name: 'pinned', files: { model: { location: model, size: graph.length, sha256 }, tokenizer } };
  });
  after(() => hub.close());

  function answer(...answers) {
    ranges = [];
    const answerInTurn = inTurn(...answers);
    hub.faults.set(path, (request, response) => {
      ranges.push([request.headers.range, request.headers['if-range']]);
      answerInTurn(request, response);
    });
  }

  /** Bytes of the graph that the current load has taken, and the callback for each increase. */
  let taken = 0;
  let onTaken = () => {};

  async function works({ onProgress, ...options }) {
    taken = 0;
    const watch = (progress) => {
      if (progress.phase === 'download' && progress.file === 'model') taken = progress.loaded;
      onTaken();
      onProgress?.(progress);
    };
    const reranker = await create({ cache: 'none', worker: false, onProgress: watch, ...options });
    assert.equal((await reranker.rerank('query', ['text'])).length, 1);
    await reranker.dispose();
  }

  /** Sends a part of the graph, and ends the connection when the engine has that part. */
  function cut(count, options) {
    const reached = (position) =>
      new Promise((resolve) => {
        onTaken = () => taken >= position && resolve();
        onTaken();
      });
    return cutAfter(count, graph, { taken: reached, ...options });
  }

  const fails = (code, message, options) => rejectsWith(works({ model: hub.model, ...options }), code, message);

  /**
   * Asserts that each later request asks for a part of this version of the file. Returns the number of these requests.
   */
  function resumed(version) {
    const [[, none], ...later] = ranges;
    assert.deepEqual([ranges[0][0], none], [undefined, undefined]);
    for (const [range, ifRange] of later) {
      const [, start] = /^bytes=(\d+)-$/.exec(range);
      assert.ok(Number(start) > 0 && Number(start) <= later.length * part, range);
      assert.equal(ifRange, version);
    }
    return later.length;
  }

  it('goes on where it was cut, with the version that began', async () => {
    const cutAgain = (request, response) => {
      const start = Number(/\d+/.exec(request.headers.range)[0]);
      cut(part, { status: 206, start })(request, response);
    };
    answer(cut(part), cutAgain, withRanges(graph));
    const loaded = [];
    const onProgress = ({ phase, file, loaded: bytes }) =>
      phase === 'download' && file === 'model' && loaded.push(bytes);
    await works({ model: hub.model, onProgress });
    assert.equal(resumed('"one"'), 2);
    assert.equal(loaded.at(-1), graph.length);
    assert.deepEqual(
      loaded,
      loaded.toSorted((left, right) => left - right),
    );
    assert.equal(waits.length, 2);
  });

  it('goes on without a version where the file is pinned', async () => {
    for (const etag of ['"one"', null]) {
      answer(cut(part, { etag }), withRanges(graph, { etag }));
      await works({ model: pinned });
      assert.equal(resumed(undefined), 1);
    }
  });

  it('has all where it was cut behind the last byte, of a file without an announced size', async () => {
    const cutAtEnd = cut(graph.length, { told: false });
    for (const headers of [{ 'content-range': `bytes */${graph.length}` }, {}]) {
      for (const model of [hub.model, pinned]) {
        answer(cutAtEnd, status(416, headers));
        await works({ model });
        assert.equal(ranges.length, 2);
        assert.equal(ranges[1][0], `bytes=${graph.length}-`);
      }
    }
  });

  it('fails where there is said to be no more of what is not complete', async () => {
    const cutEarly = cut(part, { told: false });
    answer(cutEarly, status(416, { 'content-range': `bytes */${graph.length}` }));
    await fails('download_failed', /HTTP 416/);
    answer(cutEarly, status(416));
    await fails('integrity_mismatch', /./, { model: pinned });
  });

  it('leaves out what it has where the server starts over', async () => {
    const whole = (_, response) => response.writeHead(200).end(graph);
    for (const model of [hub.model, pinned]) {
      answer(cut(part), cut(part / 3), whole);
      await works({ model });
      assert.equal(ranges.length, 3);
    }
  });

  it('asks for the whole where nothing tells one version from another', async () => {
    for (const etag of [null, 'W/"weak"']) {
      answer(cut(part, { etag }), (_, response) => response.writeHead(200).end(graph));
      await works({ model: hub.model });
      assert.deepEqual(ranges, [
        [undefined, undefined],
        [undefined, undefined],
      ]);
    }
  });

  it('fails where the file has become another', async () => {
    const other = Buffer.from(graph);
    other[1000] ^= 1;
    answer(cut(part), withRanges(other, { etag: '"two"' }));
    await fails('download_failed', /changed/);
    answer(cut(part), withRanges(graph.subarray(0, 1000), { etag: '"two"' }));
    await fails('download_failed', /changed/);
    answer(cut(part), withRanges(Buffer.alloc(graph.length), { etag: '"two"' }));
    await fails('integrity_mismatch', /SHA-256/, { model: pinned });
  });

  it('fails where the server sends another part', async () => {
    const headers = { 'content-range': `bytes 5-9/${graph.length}` };
    answer(cut(part), (_, response) => response.writeHead(206, headers).end('bytes'));
    await fails('download_failed', /could not be resumed: .*another part; try again\.$/);
  });

  it('is asked for again after 5xx and 429', async () => {
    answer(status(503), status(500), status(429), withRanges(graph));
    await works({ model: hub.model });
    assert.equal(ranges.length, 4);
    const steps = waits.map((wait, index) => wait / (500 * 2 ** index));
    assert.equal(steps.length, 3);
    for (const step of steps) assert.ok(step >= 0.5 && step <= 1, `${waits}`);
  });

  it('waits as long as the server asks, but not for ever', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    answer(
      status(429, { 'retry-after': '7' }),
      status(503, { 'retry-after': date }),
      status(503, { 'retry-after': 'soon' }),
      withRanges(graph),
    );
    await works({ model: hub.model });
    assert.deepEqual(waits.slice(0, 2), [7000, 30_000]);
    assert.ok(waits[2] <= 2000, `${waits}`);
  });

  it('is given up after five retries', async () => {
    for (const [fault, message] of [
      [status(502), /HTTP 502/],
      [cutAfter(0, Buffer.alloc(10)), /model_quantized/],
    ]) {
      answer(fault);
      await fails('download_failed', message);
      assert.equal(ranges.length, 6);
    }
  });

  it('is not asked for again after another 4xx', async () => {
    for (const code of [400, 401, 403, 416, 451]) {
      answer(status(code));
      await fails('download_failed', new RegExp(`HTTP ${code}`));
      assert.equal(ranges.length, 1);
    }
    answer(cut(part), status(416));
    await fails('download_failed', /HTTP 416/);
  });

  it('ends at once when it is aborted while it waits', async () => {
    const controller = new AbortController();
    answer(status(503, { 'retry-after': '29' }));
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (callback, milliseconds, ...rest) => {
      if (milliseconds !== 29_000) return setTimeout(callback, milliseconds, ...rest);
      controller.abort('enough');
      return undefined;
    };
    try {
      const error = await fails('aborted', /./, { signal: controller.signal });
      assert.equal(error.cause, 'enough');
      assert.equal(ranges.length, 1);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });
});
