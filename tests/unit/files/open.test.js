import assert from 'node:assert/strict';
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
  for await (const chunk of chunks) assert.ok(chunk.length > 0);
}

describe('a file that cannot be read', () => {
  for (const [location, code, message] of failures) {
    it(`fails with ${code}: ${message}`, () => assert.rejects(read(location), { code, message }));
  }
});
