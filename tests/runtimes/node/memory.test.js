import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { engineWithMemoryLimit } from '../../support/models/engine.js';

const pageBytes = 65_536;
const megabyte = 'x'.repeat(1 << 20);

/** Returns the memory of the loaded model, in pages. */
async function loadedPages() {
  const reranker = await createReranker({ model: mini });
  const { memoryBytes } = await reranker.statistics();
  await reranker.dispose();
  return memoryBytes / pageBytes;
}

describe('a memory that is too small', () => {
  it('for the files is out_of_memory', async () => {
    const wasm = await engineWithMemoryLimit(260);
    await rejectsWith(createReranker({ model: mini, wasm }), 'out_of_memory');
  });

  it('for any step of the loading is out_of_memory', async () => {
    const pages = await loadedPages();
    for (const share of [0.5, 0.7, 0.9]) {
      const wasm = await engineWithMemoryLimit(Math.floor(pages * share));
      await rejectsWith(createReranker({ model: mini, wasm }), 'out_of_memory');
    }
  });

  it('for a call fails it with out_of_memory, and the next one and other rerankers live on', async () => {
    const wasm = await engineWithMemoryLimit((await loadedPages()) + 100);
    const [small, other] = await Promise.all([createReranker({ model: mini, wasm }), createReranker({ model: mini })]);
    await rejectsWith(small.rerank('query', [megabyte.repeat(100)]), 'out_of_memory');
    assert.deepEqual(await small.rerank('query', ['text']), await other.rerank('query', ['text']));
    await small.dispose();
    await rejectsWith(small.rerank('query', ['text']), 'disposed');
    assert.equal((await other.rerank('query', ['text'])).length, 1);
    await other.dispose();
  });

  it('for a file is known from its size', async () => {
    const model = { ...mini, files: { ...mini.files, config: { ...mini.files.config, size: 5e9 } } };
    await rejectsWith(createReranker({ model }), 'out_of_memory', /5000000000/);
  });
});
