import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { retain } from '#internal/files/retain.js';
import { sendable } from '#internal/workers/sendable.js';
import { collectGarbage } from '../../support/asserts/collect.js';

/** Makes a model in three shards, each in bytes of 1 MiB. */
function model() {
  const [location, ...more] = [1, 2, 3].map((value) => new Uint8Array(1 << 20).fill(value));
  return { name: 'shards', files: [{ role: 'bundle', location, more, size: 3 << 20 }] };
}

describe('shards that are bytes', () => {
  it('go to a worker as blobs, between which the event loop turns', async () => {
    let turns = 0;
    const pause = async () => {
      turns += 1;
    };
    const given = model();
    const { name, files } = await sendable(given, { pause });
    const [{ location, more, ...facts }] = files;
    assert.deepEqual([name, facts], ['shards', { role: 'bundle', size: 3 << 20 }]);
    const blobs = [location, ...more];
    assert.equal(blobs.length, 3);
    for (const [index, blob] of blobs.entries()) {
      assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), new Uint8Array(1 << 20).fill(index + 1));
    }
    assert.equal(turns, 3);
    assert.ok(given.files[0].more[1] instanceof Uint8Array);
  });

  it('are let go where the caller has let them go', async () => {
    const given = model();
    const again = retain(given);
    assert.deepEqual(again(), given);
    given.files[0].more.pop();
    await collectGarbage();
    assert.throws(again, (error) => error instanceof RerankError && error.code === 'model_not_found');
  });
});
