import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';

import { openFile } from '#internal/files/open.js';

const failed = () => {
  throw new Error('no network');
};
const cut = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) });

const failures = [
  [
    () => new Response('', { status: 404 }),
    'model_not_found',
    'A function in `model.files` returned a Response with the status 404; it must return the file.',
  ],
  [
    () => new Response('', { status: 500 }),
    'download_failed',
    'A function in `model.files` returned a Response with the status 500; it must return the file.',
  ],
  [
    () => new Response(null),
    'download_failed',
    'A function in `model.files` returned a Response with no body; it must return the file.',
  ],
  [() => 'text', 'invalid_input', 'A function in `model.files` must return a Response; it returned a string.'],
  [failed, 'download_failed', 'A function in `model.files` threw: no network.'],
  [() => new Response(cut), 'download_failed', 'The Response of a function in `model.files` ended early: cut.'],
  [
    'data:;base64,%%%',
    'download_failed',
    'A data: URL says that it holds base64, and it holds something else; encode its file again.',
  ],
  [
    'file:///models/mine',
    'unsupported_environment',
    'This platform cannot read local files such as file:///models/mine; use an http: or https: URL, or bytes.',
  ],
];

async function read(location) {
  const { chunks } = await openFile({ location }, undefined, undefined);
  const parts = [];
  for await (const chunk of chunks) {
    assert.ok(chunk.length > 0);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

describe('a file that cannot be read', () => {
  for (const [location, code, message] of failures) {
    it(`fails with ${code}: ${message}`, () => assert.rejects(read(location), { code, message }));
  }
});

describe('a data: URL', () => {
  const bytes = randomBytes(1_200_001);
  const base64 = bytes.toString('base64');
  const lines = base64.replace(/.{76}/g, '$&\r\n');
  const forms = {
    'in base64': `data:;base64,${base64}`,
    'with a media type': `data:application/octet-stream; Base64 ,${base64}`,
    'with a fragment': `data:;base64,${base64}#page`,
    'with escapes': `data:;base64,${encodeURIComponent(base64)}`,
    'with an escape for each character': `data:,${bytes.toString('hex').replace(/../g, '%$&')}`,
    'in lines': `data:;base64,${lines}`,
  };
  for (const [what, url] of Object.entries(forms)) {
    it(`is read in pieces: ${what}`, async () => {
      const file = await openFile({ location: url }, undefined, undefined);
      assert.equal(file.size, bytes.length);
      assert.ok((await read(url)).equals(bytes));
    });
  }

  it('may be empty', async () => assert.equal((await read('data:;base64,')).length, 0));
});
