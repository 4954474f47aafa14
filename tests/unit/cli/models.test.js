import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { knownModels } from '#internal/cli/known-models.js';
import { tinyRepository } from '../../support/models/tiny.js';
import { run } from '../../support/programs/command-line.js';
import { startHub } from '../../support/servers/hub.js';

describe('rerank-wasm models', () => {
  it('prints a table: a line for each reranker, and one for the source of a conversion', async () => {
    const { output, errors, code } = await run(['models']);
    assert.deepEqual([errors, code], ['', 0]);
    const [head, ...lines] = output.trimEnd().split('\n');
    assert.match(head, /^MODEL +LICENCE +LANGUAGES +TOKENS +FILE +ABOUT$/);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith(' ')).map((line) => line.split(' ')[0]),
      knownModels.map(({ id }) => id),
    );
    assert.match(output, /\nXenova\/bge-reranker-base +MIT .*279 MB\n {2}converted from BAAI\/bge-reranker-base\n/);
    assert.match(output, /\njinaai\/jina-reranker-v2-base-multilingual +CC BY-NC 4\.0: non-commercial /);
  });

  it('prints objects', async () => {
    const { output } = await run(['models', '--json']);
    assert.deepEqual(output.trimEnd().split('\n').map(JSON.parse), knownModels);
  });

  it('explains itself, and takes nothing else', async () => {
    assert.match((await run(['models', '--help'])).output, /^rerank-wasm models \[--json\]\n/);
    const { errors, code } = await run(['models', 'small']);
    assert.equal(errors, 'error: invalid_input: `models` takes only options, not "small". See --help.\n');
    assert.equal(code, 2);
  });
});

describe('a repository on the command line', () => {
  const token = 'hf_secret';
  let cache;
  let hub;
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    hub = await startHub();
  });
  beforeEach(() => hub.repositories.clear());
  after(async () => {
    await hub.close();
    await rm(cache, { recursive: true });
  });

  const ranks = (words, environment = {}) =>
    run(['--hub', hub.url, '--model', 'org/repo', ...words, 'query'], {
      input: 'text\n',
      environment: { RERANK_WASM_CACHE: cache, HF_TOKEN: '', ...environment },
    });

  it('ranks with the file and the token that the options name', async () => {
    const files = await tinyRepository();
    hub.repositories.publish('org/repo', { ...files, 'model.onnx': files['onnx/model_quantized.onnx'] }, { token });
    const { output, errors, code } = await ranks(['--file', 'model.onnx', '--token', token]);
    assert.deepEqual([errors, code], ['', 0]);
    assert.match(output, /^\d\.\d+\t-:1\ttext\n$/);
    assert.ok(hub.repositories.seen.some(({ url }) => url.endsWith('/model.onnx')));
    const { output: kept } = await run(['cache', '--json'], { environment: { RERANK_WASM_CACHE: cache } });
    assert.match(kept, /choice 1 /);
    assert.ok(!kept.includes(token));
  });

  it('fails on one line, which does not show the token', async () => {
    hub.repositories.publish('org/repo', await tinyRepository(), { token: 'another' });
    const { errors, code } = await ranks(['--no-cache', '--token', token]);
    assert.match(
      errors,
      /^error: model_not_found: The repository org\/repo does not exist, is private or is gated: .*\n$/,
    );
    assert.equal(code, 1);
    assert.ok(!errors.includes(token));
  });

  it('sends the token of the environment to no mirror', async () => {
    hub.repositories.publish('org/repo', await tinyRepository());
    const { code } = await ranks(['--no-cache'], { HF_TOKEN: token });
    assert.equal(code, 0);
    assert.ok(hub.repositories.seen.every(({ authorization }) => authorization === undefined));
  });
});
