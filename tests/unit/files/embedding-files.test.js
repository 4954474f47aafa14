import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { findFacts } from '#internal/files/embedding/find.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { listen } from '../../support/servers/serve.js';

const modules = JSON.stringify([
  { path: '', type: 'sentence_transformers.models.Transformer' },
  { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
]);
const pooling = JSON.stringify({ pooling_mode_cls_token: true });

describe('the files of Sentence Transformers below a URL', () => {
  let files = {};
  let fallback = () => new Response(null, { status: 404 });
  const requests = [];
  let server;
  let base;
  before(async () => {
    server = await listen(async ({ url }) => {
      const { pathname, search } = new URL(url);
      requests.push(pathname + search);
      return pathname in files ? new Response(files[pathname]) : fallback();
    });
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());

  const modelAt = (path) => ({ name: 'm', files: [{ role: 'tokenizer', location: `${base}${path}` }] });

  /** Notes in memory, as a cache keeps them. */
  function makeNotes() {
    const kept = new Map();
    return {
      kept,
      read: async (key) => kept.get(key),
      write: async (key, _url, text) => void kept.set(key, text),
      remove: async (key) => void kept.delete(key),
    };
  }

  it('are read beside the tokenizer, with the query of its URL, and kept', async () => {
    files = { '/a/modules.json': modules, '/a/1_Pooling/config.json': pooling };
    const notes = makeNotes();
    const model = modelAt('/a/tokenizer.json?signature=1');
    requests.length = 0;
    assert.deepEqual(await findFacts(model, { notes }), { pooling: 'cls' });
    assert.ok(requests.length > 0 && requests.every((path) => path.endsWith('?signature=1')));
    requests.length = 0;
    assert.deepEqual(await findFacts(model, { notes }), { pooling: 'cls' });
    assert.deepEqual(requests, []);
  });

  it('are asked for once if there are none', async () => {
    files = {};
    const notes = makeNotes();
    for (const _ of [1, 2]) assert.equal(await findFacts(modelAt('/b/tokenizer.json'), { notes }), undefined);
    assert.deepEqual(requests.slice(-1), ['/b/modules.json']);
  });

  it('are missing where the server sends a page in their place', async () => {
    files = {};
    fallback = () => new Response('<!doctype html><title>app</title>', { headers: { 'content-type': 'text/html' } });
    assert.equal(await findFacts(modelAt('/c/tokenizer.json'), {}), undefined);
    fallback = () => new Response(null, { status: 404 });
  });

  it('are refused if they are damaged', async () => {
    files = { '/d/modules.json': '[{' };
    await rejectsWith(
      findFacts(modelAt('/d/tokenizer.json'), {}),
      'invalid_model',
      /\/d\/modules\.json is not valid JSON/,
    );
  });

  it('are not looked for beside bytes', async () => {
    const bytes = { name: 'm', files: [{ role: 'tokenizer', location: new Uint8Array(3) }] };
    assert.equal(await findFacts(bytes, {}), undefined);
    assert.equal(await findFacts({ name: 'm', files: [{ role: 'bundle', location: `${base}/x` }] }, {}), undefined);
  });
});
