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
async function ranks(project, model) {
  const url = await project.starts('wrangler', 'dev', '--ip=127.0.0.1', '--port=0', '--var=API_KEY:good-key');
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
function canBeDeployed(project) {
  const output = project.runs('wrangler', 'deploy', '--dry-run');
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

function convert(project, ...options) {
  project.runs('rerank-wasm', 'convert', '--model', tinyDirectory, ...options, '--name=bge-reranker-base');
}

describe('the example worker with a bundle, by wrangler', () => {
  const project = useExample('cloudflare-worker-bundle');

  it('ranks with shards in its assets, which it keeps to itself', async () => {
    mkdirSync(project.path('model'));
    convert(project, 'model/model.bundle', '--shard=1MiB');
    canBeDeployed(project);
    const url = await ranks(project, 'bge-reranker-base');
    assert.equal((await fetch(`${url}/model.bundle.json`)).status, 404);
  });
});

describe('the example worker with a bundle in a bucket, by wrangler', () => {
  const project = useExample('cloudflare-worker-bucket');

  it('ranks with the file in the bucket', async () => {
    mkdirSync(project.path('model'));
    convert(project, 'model/model.bundle');
    canBeDeployed(project);
    project.runs('wrangler', 'r2', 'object', 'put', 'models/model.bundle', '--file=model/model.bundle', '--local');
    await ranks(project, 'bge-reranker-base');
  });
});
