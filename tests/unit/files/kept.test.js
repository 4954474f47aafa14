import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { openUrl } from '#internal/files/download.js';

const url = 'https://models.example/model.onnx';
const whole = new TextEncoder().encode('0123456789');
const real = globalThis.fetch;

async function* chunks() {
  yield whole.subarray(0, 6);
}

/** Opens the file, of which six bytes were kept, from a server that answers in turn. Returns what was asked and read. */
async function opens(options, ...answers) {
  const asked = [];
  globalThis.fetch = async (_, { headers }) => {
    asked.push(headers);
    const [body, init] = answers.shift();
    return new Response(body, init);
  };
  const { kept = {}, ...others } = options;
  const file = await openUrl(url, { signal: undefined, kept: { size: 6, chunks: chunks(), ...kept }, ...others });
  const parts = [];
  for await (const chunk of file.chunks) parts.push(...chunk);
  file.close();
  const { resumed, size, version } = file;
  return {
    asked,
    resumed,
    size,
    version,
    text: new TextDecoder().decode(new Uint8Array(parts)),
    sha256: file.sha256?.(),
  };
}

const part = (headers) => ['6789', { status: 206, headers: { 'content-range': 'bytes 6-9/10', ...headers } }];
const all = (headers) => ['0123456789', { headers: { 'content-length': '10', ...headers } }];
const sha256 = '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882';

describe('a file of which a part was kept', () => {
  afterEach(() => {
    globalThis.fetch = real;
    delete globalThis.location;
  });

  for (const version of ['"one"', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
    it(`goes on with ${version}`, async () => {
      const { asked, ...file } = await opens({ kept: { version } }, part({}));
      assert.deepEqual(asked, [{ range: 'bytes=6-', 'if-range': version }]);
      assert.deepEqual(file, { resumed: true, size: 10, version, text: '0123456789', sha256 });
    });
  }

  it('goes on without a version if its hash is known', async () => {
    const { asked, ...file } = await opens({ pinned: true }, part({ etag: '"two"' }));
    assert.deepEqual(asked, [{ range: 'bytes=6-' }]);
    assert.deepEqual([file.resumed, file.text, file.sha256], [true, '0123456789', undefined]);
  });

  it('has nothing to add if all was kept', async () => {
    const none = ['', { status: 416, headers: { 'content-range': 'bytes */6' } }];
    const { resumed, size, text } = await opens({ pinned: true }, none);
    assert.deepEqual([resumed, size, text], [true, 6, '012345']);
  });

  it('goes on after another cut', async () => {
    const cut = new ReadableStream({
      start(controller) {
        controller.enqueue(whole.subarray(6, 8));
      },
      // It fails after its first piece was read.
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve));
        controller.error(new Error('cut'));
      },
    });
    const headers = { 'content-range': 'bytes 6-9/10' };
    const rest = ['89', { status: 206, headers: { 'content-range': 'bytes 8-9/10' } }];
    const file = await opens({ kept: { version: '"one"' } }, [cut, { status: 206, headers }], rest);
    assert.deepEqual([file.text, file.asked.at(-1).range], ['0123456789', 'bytes=8-']);
  });

  const others = {
    'the whole file': [all({ etag: '"two"' })],
    'a part of another version': [part({ etag: '"two"' }), all({ etag: '"two"' })],
    'another part': [['x', { status: 206, headers: { 'content-range': 'bytes 5-9/10' } }], all({ etag: '"two"' })],
    'no end': [['', { status: 416, headers: { 'content-range': 'bytes */5' } }], all({ etag: '"two"' })],
  };
  for (const [what, answers] of Object.entries(others)) {
    it(`starts over if the server sends ${what}`, async () => {
      const { asked, ...file } = await opens({ kept: { version: '"one"' } }, ...answers);
      assert.deepEqual(file, { resumed: false, size: 10, version: '"two"', text: '0123456789', sha256 });
      assert.deepEqual(
        asked.slice(1),
        answers.slice(1).map(() => ({})),
      );
    });
  }

  it('starts over without version and hash', async () => {
    const { asked, resumed, text } = await opens({}, all({}));
    assert.deepEqual([asked, resumed, text], [[{}], false, '0123456789']);
  });

  it('asks another origin without If-Range, and goes on if the answer shows the same version', async () => {
    globalThis.location = { origin: 'https://page.example' };
    const kept = { version: '"one"' };
    const { asked, resumed, text } = await opens({ kept }, part({ etag: '"one"' }));
    assert.deepEqual([asked, resumed, text], [[{ range: 'bytes=6-' }], true, '0123456789']);
    for (const headers of [{}, { etag: '"two"' }]) {
      const file = await opens({ kept }, part(headers), all({}));
      assert.deepEqual([file.asked.length, file.resumed, file.text], [2, false, '0123456789']);
    }
  });
});
