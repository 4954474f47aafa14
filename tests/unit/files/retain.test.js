import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { retain } from '#internal/files/retain.js';
import { collectGarbage } from '../../support/asserts/collect.js';

/** Makes a model in three shards, each in bytes of 1 MiB. */
function model() {
  const [location, ...more] = [1, 2, 3].map((value) => new Uint8Array(1 << 20).fill(value));
  return { name: 'shards', files: [{ role: 'bundle', location, more, size: 3 << 20 }] };
}

describe('shards that are bytes', () => {
  it('are let go where the caller has let them go', async () => {
    const given = model();
    const again = retain(given);
    assert.deepEqual(again(), given);
    given.files[0].more.pop();
    await collectGarbage();
    assert.throws(again, (error) => error instanceof RerankError && error.code === 'model_not_found');
  });
});
