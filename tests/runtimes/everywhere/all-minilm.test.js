import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createEmbedder, similarity } from 'rerank-wasm';

const folder = process.env.RERANK_WASM_ALL_MINILM;

/** The fixture's vectors are integers: their numbers times this one. */
const scale = 32767;

describe('all-MiniLM-L6-v2, exported today', () => {
  let texts;
  let embedder;
  before(async () => {
    assert.ok(folder, 'RERANK_WASM_ALL_MINILM is not set; run the tests with scripts/test-all.sh, which sets it.');
    const lines = (await readFile(join(folder, 'texts.jsonl'), 'utf8')).trim().split('\n');
    texts = lines.map((line) => JSON.parse(line));
    embedder = await createEmbedder({ model: folder });
  });
  after(() => embedder?.dispose());

  it('is used as the files of Sentence Transformers say, on fused operators', async () => {
    const { pooling, maxTokens, dimensions, unfused } = await embedder.statistics();
    assert.deepEqual([pooling, maxTokens, dimensions, unfused], ['mean', 256, 384, {}]);
  });

  it('has the token counts of Python and nearly the vectors', async () => {
    assert.equal(texts.length, 500);
    const { embeddings, tokens } = await embedder.embed(texts.map(({ text }) => text));
    for (const [index, { ids, text }] of texts.entries()) assert.equal(tokens[index], ids.length, text);
    const byIds = await embedder.embed(texts.map(({ ids }) => ids));
    assert.deepEqual(byIds.embeddings, embeddings);
    const cosines = texts.map(({ vector }, index) => {
      const bytes = Buffer.from(vector, 'hex');
      const numbers = Array.from({ length: 384 }, (_, place) => bytes.readInt16LE(2 * place) / scale);
      return similarity(embeddings[index], numbers);
    });
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
    const worst = Math.min(...cosines);
    assert.ok(mean >= 0.999 && worst >= 0.995, `mean ${mean}, worst ${worst}`);
  });
});
