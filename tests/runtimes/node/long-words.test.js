import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { engineWithMemoryLimit } from '../../support/models/engine.js';
import { tiny } from '../../support/models/tiny.js';

const golden = new URL('../../fixtures/tokenizer_golden.jsonl', import.meta.url);
const lines = (await readFile(golden, 'utf8')).trim().split('\n');
const passages = lines.map((line) => JSON.parse(line)).filter(({ lang }) => lang === 'en');
const letters = passages.map(({ passage }) => passage.replace(/[^a-z]/g, '')).join('');

/** Makes a text of `bytes` bytes without a space. */
const longWord = (unit, bytes) => unit.repeat(Math.ceil(bytes / Buffer.byteLength(unit)));

/** The most memory for the engine's copies of a text, with some margin, as a multiple of its size. */
const copies = 6;
/** The most memory for the rest of a call, in bytes. */
const rest = 4e6;

async function growth(text, options) {
  const reranker = await createReranker({ model: tiny });
  const before = (await reranker.statistics()).memoryBytes;
  const [result] = await reranker.rerank('query', [text], options);
  const { memoryBytes } = await reranker.statistics();
  await reranker.dispose();
  return { result, grown: memoryBytes - before };
}

describe('a text without a space', () => {
  for (const [name, unit] of Object.entries({ letters, 'one letter': 'x' })) {
    it(`takes its copies and no more, ${name}`, async () => {
      const text = longWord(unit, 4e6);
      const { result, grown } = await growth(text);
      assert.equal(result.truncated, true);
      assert.ok(grown <= copies * Buffer.byteLength(text) + rest, `${(grown / 1e6).toFixed(1)} MB`);
    });

    it(`scores as its start does, ${name}`, async () => {
      const reranker = await createReranker({ model: tiny });
      const [whole, start] = await reranker.rerank('query', [longWord(unit, 1e6), longWord(unit, 1e5)]);
      await reranker.dispose();
      assert.equal(whole.logit, start.logit);
    });
  }

  it('is stopped between its windows', async () => {
    const reranker = await createReranker({ model: tiny });
    const before = (await reranker.statistics()).memoryBytes;
    const text = longWord(letters, 4e6);
    const controller = new AbortController();
    const scored = reranker.rerank('query', ['short', text], {
      longDocuments: 'chunk',
      signal: controller.signal,
      onProgress: () => setTimeout(() => controller.abort(), 500),
    });
    await rejectsWith(scored, 'aborted');
    const { memoryBytes } = await reranker.statistics();
    await reranker.dispose();
    // The origins take as much again, and so do the tokens' ids and starts.
    assert.ok(memoryBytes - before <= 3 * copies * Buffer.byteLength(text) + rest, `${memoryBytes - before}`);
  });

  it('that memory has no room for fails with out_of_memory', async () => {
    const loaded = await createReranker({ model: tiny });
    const { memoryBytes } = await loaded.statistics();
    await loaded.dispose();
    const wasm = await engineWithMemoryLimit(Math.ceil(memoryBytes / 65_536) + 100);
    const reranker = await createReranker({ model: tiny, wasm });
    await rejectsWith(reranker.rerank('query', ['x'.repeat(3e6)]), 'out_of_memory', /tokenise a text/);
    assert.equal((await reranker.rerank('query', ['x'])).length, 1);
    await reranker.dispose();
  });
});
