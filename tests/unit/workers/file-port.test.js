import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { openFile } from '#internal/files/open.js';
import { received, sendable } from '#internal/workers/file-port.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

const megabyte = 1 << 20;

describe('a model for a worker', () => {
  const cleanups = [];
  afterEach(() => cleanups.splice(0).forEach((cleanup) => void cleanup()));

  /** Posts a model of this file through a channel, as to a worker, and returns the file there. */
  async function post(file) {
    const { model, ports, stop } = sendable({ name: 'any', files: [file] });
    const { port1, port2 } = new MessageChannel();
    const arrived = new Promise((resolve) => {
      port2.onmessage = ({ data }) => resolve(data);
    });
    port1.postMessage(model, ports);
    const there = received(await arrived);
    cleanups.push(() => port1.close(), there.close);
    return { file: there.model.files[0], stop };
  }

  async function read({ chunks }) {
    const parts = [];
    for await (const chunk of chunks) {
      assert.equal(chunk.buffer.byteLength, chunk.length);
      // A piece is valid until the next one is requested.
      parts.push(Buffer.from(chunk));
    }
    return parts;
  }

  it('has its bytes on this side, which go over piece by piece, each without the rest of its buffer', async () => {
    // A Buffer's own `slice` shares memory.
    const whole = Buffer.from(new Uint8Array(5 * megabyte).map((_, index) => index >> 12));
    const location = whole.subarray(megabyte, 4 * megabyte - 1);
    const { file } = await post({ role: 'model', location, sha256: 'x' });
    assert.equal(file.sha256, 'x');
    for (let time = 0; time < 2; time += 1) {
      const opened = await openFile(file);
      assert.deepEqual([opened.size, opened.exact], [location.length, true]);
      const parts = await read(opened);
      assert.ok(parts.every(({ length }) => length <= megabyte));
      assert.deepEqual(Buffer.concat(parts), Buffer.from(location));
      opened.close();
    }
    assert.equal(whole.buffer.byteLength, 5 * megabyte);
  });

  for (const [what, locate] of Object.entries({
    'a data: URL': (bytes) => `data:;base64,${bytes.toString('base64')}`,
    'a Response that is one chunk': (bytes) => () => new Response(bytes),
  })) {
    it(`goes over piece by piece as ${what}, too`, async () => {
      const bytes = Buffer.alloc(3 * megabyte + 1, 7);
      const { file } = await post({ role: 'model', location: locate(bytes) });
      const parts = await read(await openFile(file));
      assert.ok(parts.every(({ length }) => length <= megabyte));
      assert.ok(Buffer.concat(parts).equals(bytes));
    });
  }

  it('keeps the parts of a file in their order', async () => {
    const [location, ...more] = [1, 2, 3].map((value) => new Uint8Array(10).fill(value));
    const { file } = await post({ role: 'bundle', location, more: [more[0], new Blob([more[1]])], size: 30 });
    const parts = await read(await openFile(file));
    assert.deepEqual(
      [...Buffer.concat(parts)],
      [1, 2, 3].flatMap((value) => Array(10).fill(value)),
    );
  });

  it('has functions on this side, which are called whenever the file is opened', async () => {
    let calls = 0;
    const location = () => {
      calls += 1;
      return new Response(`call ${calls}`, { headers: { 'content-length': '6' } });
    };
    const { file } = await post({ role: 'config', location });
    for (const expected of ['call 1', 'call 2']) {
      const opened = await openFile(file);
      assert.deepEqual([opened.size, opened.exact], [6, false]);
      assert.equal(Buffer.concat(await read(opened)).toString(), expected);
    }
  });

  it('fails there as it would here', async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(3)),
      pull: (controller) => controller.error(new Error('cut')),
    });
    const cases = [
      [() => new Response('no', { status: 404 }), 'model_not_found', /404/],
      [() => 5, 'invalid_input', /must return a Response; it returned 5/],
      [() => Promise.reject(new Error('mine')), 'download_failed', /threw: mine/],
      [() => new Response(broken), 'download_failed', /ended early: cut/],
    ];
    for (const [location, code, message] of cases) {
      const { file } = await post({ role: 'model', location });
      const error = await rejectsWith(openFile(file).then(read), code, message);
      if (code === 'download_failed') assert.ok(error.cause instanceof Error);
    }
  });

  it('is not read any more once this side has stopped', async () => {
    let cancelled = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel() {
            cancelled += 1;
          },
        }),
      );
    const { file, stop } = await post({ role: 'model', location: endless });
    const { chunks } = await openFile(file);
    const iterator = chunks[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value.length, 10);
    stop();
    const rest = async () => {
      for (;;) if ((await iterator.next()).done) return;
    };
    await rejectsWith(rest(), 'aborted');
    assert.equal(cancelled, 1);
    const silent = await post({ role: 'model', location: () => new Promise(() => {}) });
    const opening = rejectsWith(openFile(silent.file), 'aborted');
    silent.stop();
    await opening;
  });
});
