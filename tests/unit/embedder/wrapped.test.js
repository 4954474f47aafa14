import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ClientEmbedder } from '#internal/embedder/client.js';
import { wrappers } from '../../support/asserts/wrappers.js';

function fakeEmbedder() {
  const noted = { disposed: 0 };
  const backend = {
    async run({ request, texts, onResult }) {
      for (const [index, text] of texts.entries()) {
        if (request.kind === 'split') onResult({ index, windows: [{ start: 0, end: text.length }] });
        else onResult({ index, tokens: 1, truncated: false, vector: Float32Array.of(text.length, 0) });
      }
    },
    statistics: async () => ({ model: 'fake', maxTokens: 512, dimensions: 2 }),
    async dispose() {
      noted.disposed += 1;
    },
  };
  const facts = { pooling: 'cls', prompts: { query: '', document: '' } };
  return ClientEmbedder.of(backend, facts).then((embedder) => ({ embedder, noted }));
}

async function use({ embed, split, statistics, dispose }) {
  const { tokens } = await embed(['one', 'two']);
  assert.deepEqual([...tokens], [1, 1]);
  assert.equal((await split(['one']))[0][0].end, 3);
  assert.equal((await statistics()).dimensions, 2);
  await dispose();
}

describe('an embedder', () => {
  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`works behind ${name}, with methods taken off it`, async () => {
      const { embedder, noted } = await fakeEmbedder();
      await use(wrap(embedder));
      assert.equal(noted.disposed, 1);
    });
  }

  it('has the methods of its type and no others', async () => {
    const { embedder } = await fakeEmbedder();
    assert.deepEqual(Object.keys(embedder).sort(), ['dispose', 'embed', 'split', 'statistics']);
  });
});
