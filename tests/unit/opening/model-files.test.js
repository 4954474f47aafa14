import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isCached, modelFiles } from '#internal/opening/model-files.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const url = 'https://models.example/bundle';
const model = { name: 'mine', files: { bundle: { location: url, size: 3 } } };

/** A platform where pages write to one cache and workers to the other. */
async function platform({ fails } = {}) {
  const [forWorkers, forPages] = [new MemoryCache(), new MemoryCache()];
  forPages.fails = fails;
  const writer = await forWorkers.write(url);
  await writer.write(new Uint8Array(3));
  await writer.commit({ url, size: 3, sha256: '' });
  return { caches: { preferred: () => forPages, all: () => [forPages, forWorkers] }, forPages };
}

async function cached(platform, options) {
  const [{ cached }] = await modelFiles(platform, model, options);
  assert.equal(await isCached(platform, model, options), cached);
  return cached;
}

describe('a file that a worker keeps where its page would not', () => {
  it('is cached', async () => {
    assert.equal(await cached(await platform()), true);
  });

  it('is cached also if the cache of the page fails', async () => {
    assert.equal(await cached(await platform({ fails: 'read' })), true);
  });

  it('is not in a cache that the caller chose', async () => {
    const { forPages, ...rest } = await platform();
    assert.equal(await cached(rest, { cache: forPages }), false);
    assert.equal(await cached(rest, { cache: 'none' }), false);
  });
});
