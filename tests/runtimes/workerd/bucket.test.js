import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import { native } from '../../support/models/native.js';
import { tiny, tinyDirectory } from '../../support/models/tiny.js';
import { useWorkerd } from '../../support/programs/workerd.js';
import { assertProblem } from '../../support/servers/handler.js';

const query = 'What is the capital of France?';
const documents = ['giraffe', 'Paris is the capital of France.', 'Berlin is the capital of Germany.'];
const key = 'model.bundle';

describe('the example worker with a bundle in an R2 bucket', () => {
  const workerd = useWorkerd('examples/cloudflare-worker-bucket/index.js', {
    besides: ['examples/cloudflare-worker-bucket/limits.js'],
    buckets: ['MODELS'],
    bindings: { API_KEY: 'good-key' },
    compatibilityFlags: ['enable_request_signal'],
  });
  let root;
  let bundle;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    const path = join(root, key);
    await native('convert', '--model', tinyDirectory, path);
    bundle = await readFile(path);
  });
  after(() => rm(root, { recursive: true }));

  async function rank() {
    const headers = { authorization: 'Bearer good-key', 'content-type': 'application/json' };
    const body = JSON.stringify({ query, documents });
    const response = await workerd.fetch('/v1/rerank', { method: 'POST', headers, body });
    return { status: response.status, headers: response.headers, json: await response.json() };
  }

  it('answers internal_error where the bucket is empty or has another file', async () => {
    const bucket = await workerd.bucket('MODELS');
    assertProblem(await rank(), '500 server_error internal_error');
    await bucket.put(key, bundle.subarray(0, bundle.length / 2));
    assertProblem(await rank(), '500 server_error internal_error');
    const damaged = Uint8Array.from(bundle);
    damaged[damaged.length - 1] ^= 1;
    await bucket.put(key, damaged);
    assertProblem(await rank(), '500 server_error internal_error');
  });

  it('ranks with the bits of the files that the bundle was made of, once it is there', async () => {
    await (await workerd.bucket('MODELS')).put(key, bundle);
    const reranker = await createReranker({ model: tiny });
    const expected = await reranker.rerank(query, documents);
    await reranker.dispose();
    const { status, json } = await rank();
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.model, 'bge-reranker-base');
    assert.deepEqual(
      json.results,
      expected.map(({ index, score }) => ({ index, relevance_score: score })),
    );
  });
});
