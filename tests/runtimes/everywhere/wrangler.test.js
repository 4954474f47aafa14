import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { tinyDirectory } from '../../support/models/tiny.js';
import { usePrograms } from './support/programs.js';

const json = { 'content-type': 'application/json' };

const useExample = (name) =>
  usePrograms({ template: fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url)) });

/** Checks that wrangler's worker ranks for a caller with the key, and refuses another. */
async function ranks(project, model, ...options) {
  const url = await project.starts(
    'wrangler',
    'dev',
    '--ip=127.0.0.1',
    '--port=0',
    '--var=API_KEY:good-key',
    ...options,
  );
  const documents = ['giraffe', 'Paris is the capital of France.'];
  const body = JSON.stringify({ query: 'What is the capital of France?', documents });
  const post = (key) =>
    fetch(`${url}/v1/rerank`, { method: 'POST', headers: { ...json, authorization: `Bearer ${key}` }, body });
  const response = await post('good-key');
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  assert.deepEqual([answer.model, answer.results.length], [model, documents.length]);
  assert.equal((await post('bad-key')).status, 401);
  return url;
}

/** Checks that wrangler's upload is complete, and no larger than any plan allows. */
function canBeDeployed(project, ...options) {
  const output = project.runs('wrangler', 'deploy', '--dry-run', ...options);
  const [, kibibytes] = /Total Upload: ([\d.]+) KiB/.exec(output) ?? assert.fail(output);
  assert.ok(kibibytes > 6000 && kibibytes < 64 * 1024, output);
}

describe('the example worker, by wrangler', () => {
  const project = useExample('cloudflare-worker');

  it('can be deployed', () => canBeDeployed(project));

  it('ranks', async () => {
    await ranks(project, 'rerank-wasm-mini');
  });
});

describe('the example worker with a bundle, by wrangler', () => {
  const project = useExample('cloudflare-worker-bundle');
  const convert = (...options) =>
    project.runs('rerank-wasm', 'convert', '--model', tinyDirectory, ...options, '--name=bge-reranker-base');

  it('ranks with shards in its assets, which it keeps to itself', async () => {
    mkdirSync(project.path('model'));
    convert('model/model.bundle', '--shard=1MiB');
    canBeDeployed(project);
    const url = await ranks(project, 'bge-reranker-base');
    assert.equal((await fetch(`${url}/model.bundle.json`)).status, 404);
  });

  it('ranks with a file in a bucket', async () => {
    const config = '--config=wrangler.bucket.jsonc';
    convert('one.bundle');
    canBeDeployed(project, config);
    project.runs('wrangler', 'r2', 'object', 'put', 'models/model.bundle', '--file=one.bundle', '--local', config);
    await ranks(project, 'bge-reranker-base', config);
  });
});
