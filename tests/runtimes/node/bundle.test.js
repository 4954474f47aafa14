import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { createReranker } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { useMini } from '../../support/models/mini.js';
import { native } from '../../support/models/native.js';
import { miniDirectory } from '../../support/paths.js';

const query = 'What is the capital of France?';
const documents = ['giraffe', 'Paris is the capital of France.', 'Berlin is the capital of Germany.'];

describe('a bundle', () => {
  const mini = useMini();
  let root;
  let path;
  let bytes;
  let index;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    path = join(root, 'mini.bundle');
    const convert = ['convert', '--model', miniDirectory, path];
    await native(...convert);
    await native(...convert, '--shard', '10MiB');
    bytes = await readFile(path);
    index = JSON.parse(await readFile(`${path}.json`, 'utf8'));
  });
  after(() => rm(root, { recursive: true }));

  const shards = () => index.shards.map((shard) => pathToFileURL(join(root, shard)));
  const source = (bundle) => ({ model: { name: 'mini', files: { bundle } } });

  /** Asserts that a bundle scores with the bits of the files that it was made of. */
  async function works(options) {
    const reranker = await createReranker(options);
    const results = await reranker.rerank(query, documents);
    const { maxTokens } = await reranker.statistics();
    await reranker.dispose();
    assert.deepEqual(results, await mini().rerank(query, documents));
    assert.equal(maxTokens, 512);
  }

  it('is a model by its path and by its URL', async () => {
    await works({ model: path });
    await works({ model: pathToFileURL(path) });
  });

  it('is bytes, a blob, what a function opens', async () => {
    const { size, sha256 } = index;
    await works(source(new Uint8Array(bytes)));
    await works(source({ location: new Blob([bytes]), size, sha256 }));
    let opened = 0;
    const location = async () => {
      opened += 1;
      return new Response(new Blob([bytes]).stream());
    };
    await works(source({ location, size, sha256 }));
    assert.equal(opened, 1);
  });

  it('comes in shards', async () => {
    const { size, sha256, shards: names } = index;
    assert.equal(names.length, Math.ceil(bytes.length / (10 << 20)));
    await works(source({ shards: shards(), size, sha256 }));
    await works(source({ shards: shards() }));
  });

  it('is refused where it is not what it must be', async () => {
    const { size, sha256 } = index;
    const [first, ...others] = shards();
    const damaged = Uint8Array.from(bytes);
    damaged[damaged.length - 1000] ^= 1;
    const load = (bundle) => createReranker(source(bundle));
    await rejectsWith(load(damaged), 'integrity_mismatch');
    await rejectsWith(load({ location: damaged, size, sha256 }), 'integrity_mismatch');
    await rejectsWith(load({ shards: [first], size, sha256 }), 'integrity_mismatch');
    await rejectsWith(load({ shards: [first] }), 'invalid_model');
    await rejectsWith(load({ shards: others }), 'invalid_model');
    await rejectsWith(load(new TextEncoder().encode('<html></html>')), 'invalid_model');
    await rejectsWith(load({ shards: [first, pathToFileURL(join(root, 'none'))] }), 'model_not_found');
    await rejectsWith(
      load(() => new Response('', { status: 404 })),
      'model_not_found',
    );
    await rejectsWith(
      load(() => new Response('', { status: 500 })),
      'download_failed',
    );
    await rejectsWith(
      load(() => Promise.reject(new Error('no network'))),
      'download_failed',
    );
    const cut = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 1000));
        controller.error(new Error('cut'));
      },
    });
    await rejectsWith(
      load(() => new Response(cut)),
      'download_failed',
    );
  });

  it('has options that are checked', async () => {
    const load = (bundle) => createReranker(source(bundle));
    await rejectsWith(load({ shards: [] }), 'invalid_input');
    await rejectsWith(load({ shards: 'text' }), 'invalid_input');
    await rejectsWith(load({ shards: [7] }), 'invalid_input');
    await rejectsWith(load({ shards: shards(), sha: '' }), 'invalid_input');
    await rejectsWith(
      load(() => 'text'),
      'invalid_input',
    );
    const files = { bundle: path, model: path };
    await rejectsWith(createReranker({ model: { name: 'mini', files } }), 'invalid_input');
  });
});
