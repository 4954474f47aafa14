import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';

import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { l12Folder, l12Pairs, published } from '../support/models/l12.js';

/** The published logits are those of the float model; the file has int8 weights. */
const mostFromPublished = 0.25;

/** Distance of a logit from that of the same int8 weights with exact activations. Logits spread from −11 to 9. */
const mostFromExact = 0.5;

/** onnxruntime rounds a whole tensor of activations with one scale. It is up to 1.6 from exact arithmetic. */
const mostFromOnnxruntime = 2;

/** Linear memory beyond the size of the file. */
const mostMemoryBeside = 40e6;

describe('ms-marco-MiniLM-L-12-v2', () => {
  const model = l12Folder();
  let pairs;
  let reranker;
  before(async () => {
    pairs = await l12Pairs();
    reranker = await createReranker({ model, threads: 1 });
  });
  after(() => reranker?.dispose());

  it('ranks the passages of its card, with the logits published there', async () => {
    const results = await reranker.rerank(published.query, published.documents);
    assert.deepEqual(
      results.map(({ index }) => index),
      [0, 1],
    );
    for (const { index, logit } of results) {
      atMost(Math.abs(logit - published.logits[index]), mostFromPublished);
    }
  });

  it('has as many tokens as Python, and logits nearer to exact arithmetic than onnxruntime', async () => {
    const some = pairs.filter((_, index) => index % 3 === 0);
    assert.equal(some.length, 60);
    const distances = { ours: [], theirs: [], between: [] };
    for (const { query, document, ids, logit_dequantized: exact, logit_int8_onnxruntime: theirs } of some) {
      const [{ logit, tokens }] = await reranker.rerank(query, [document]);
      assert.equal(tokens, ids.length, `${query} ${document}`);
      distances.ours.push(Math.abs(logit - exact));
      distances.theirs.push(Math.abs(theirs - exact));
      distances.between.push(Math.abs(logit - theirs));
    }
    const [ours, theirs] = [mean(distances.ours), mean(distances.theirs)];
    print(`mean distance to exact arithmetic ${ours.toFixed(4)}, onnxruntime's ${theirs.toFixed(4)}`);
    assert.ok(ours <= theirs / 2, `${ours} is more than half of ${theirs}`);
    atMost(Math.max(...distances.ours), mostFromExact);
    atMost(Math.max(...distances.between), mostFromOnnxruntime);
  });

  it('scores the same, bit for bit, alone and in any batch', async () => {
    const { query, documents } = mixedLengths(pairs);
    const logits = logitsByIndex(await reranker.rerank(query, documents));
    const alone = [];
    for (const document of documents) alone.push(...logitsByIndex(await reranker.rerank(query, [document])));
    assert.deepEqual(bitsOf(alone), bitsOf(logits));
    const reversed = logitsByIndex(await reranker.rerank(query, documents.toReversed()));
    assert.deepEqual(bitsOf(reversed.toReversed()), bitsOf(logits));
    const [first, rest] = [documents.slice(0, 5), documents.slice(5)];
    const parts = [];
    for (const part of [first, rest]) parts.push(...logitsByIndex(await reranker.rerank(query, part)));
    assert.deepEqual(bitsOf(parts), bitsOf(logits));
  });

  it('scores the same, bit for bit, on two threads', async () => {
    const { query, documents } = mixedLengths(pairs);
    const threaded = await createReranker({ model, threads: 2 });
    assert.equal((await threaded.statistics()).threads, 2);
    const logits = logitsByIndex(await threaded.rerank(query, documents));
    await threaded.dispose();
    assert.deepEqual(bitsOf(logits), bitsOf(logitsByIndex(await reranker.rerank(query, documents))));
  });

  it('takes little more linear memory than its file has bytes, also for the longest documents', async () => {
    await reranker.rerank(published.query, ['word '.repeat(600), 'other '.repeat(600)]);
    const { memoryBytes } = await reranker.statistics();
    const { size } = await stat(join(model, 'onnx/model_quantized.onnx'));
    print(`linear memory ${megabytes(memoryBytes)} for a file of ${megabytes(size)}`);
    atMost(memoryBytes, size + mostMemoryBeside);
  });
});

/** Returns documents from one word to more than the model reads. */
function mixedLengths(pairs) {
  const documents = pairs.filter((_, index) => index % 9 === 0).map(({ document }) => document);
  return { query: published.query, documents: [...documents, 'Berlin', 'word '.repeat(600)] };
}

function atMost(found, limit) {
  assert.ok(found <= limit, `${found} is more than ${limit}`);
}

function print(text) {
  process.stdout.write(`${text}\n`);
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number) / numbers.length;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
