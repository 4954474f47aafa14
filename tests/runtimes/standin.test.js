import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';

import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { useChromium } from '../support/browsers/chromium.js';
import { localStandin, recordedInputs, standinFolders } from '../support/models/standin.js';

const query = 'How does a heat pump warm a house in winter?';
const documents = [
  'A heat pump moves heat from the outdoor air into the rooms.',
  '热泵把室外空气中的热量送入室内。',
  'تنقل المضخة الحرارية الحرارة من الهواء الخارجي إلى داخل المنزل.',
  'word '.repeat(600),
];

/** The budget of linear memory. The file has 279 MB, and most of it stays in memory. */
const mostMemory = 330e6;

/** The budget of linear memory for a further thread that scores the longest documents. */
const mostMemoryOfThread = 12e6;

describe('a model of the size of bge-reranker-base', () => {
  const chromium = useChromium({ folders: standinFolders(), isolated: true });
  let logits;
  before(async () => {
    const reranker = await createReranker({ model: localStandin() });
    const results = await reranker.rerank(query, documents);
    logits = logitsByIndex(results);
    const { memoryBytes } = await reranker.statistics();
    await reranker.dispose();
    const processBytes = process.resourceUsage().maxRSS * 1024;
    assert.ok(memoryBytes <= mostMemory, megabytes(memoryBytes));
    print('Node', `linear memory ${megabytes(memoryBytes)}, process ${megabytes(processBytes)} at its peak`);
  });

  it('scores texts in Node', () => {
    assert.equal(logits.length, documents.length);
    for (const logit of logits) assert.ok(Number.isFinite(logit));
    assert.equal(new Set(logits).size, documents.length);
  });

  /** Ranks in a worker of a page, with files from a server. */
  async function rankInPage(documents, threads) {
    const { page, close } = await chromium.open('/site/');
    const answer = await page.evaluate(
      async ([query, documents, threads]) => {
        const { createReranker } = await import('/site/tools.js');
        const at = (path) => new URL(path, location.href);
        const files = {
          model: at('/standin/onnx/model_quantized.onnx'),
          tokenizer: at('/tokenizer/tokenizer.json'),
          config: at('/standin/config.json'),
        };
        const reranker = await createReranker({ model: { name: 'standin', files }, worker: true, threads });
        const results = await reranker.rerank(query, documents);
        const { memoryBytes } = await reranker.statistics();
        await reranker.dispose();
        return { results, memoryBytes };
      },
      [query, documents, threads],
    );
    await close();
    return { ...answer, logits: logitsByIndex(answer.results) };
  }

  it('scores the same, bit for bit, in a worker of a page, from a server', async () => {
    const answer = await rankInPage(documents, 1);
    assert.ok(answer.memoryBytes <= mostMemory, megabytes(answer.memoryBytes));
    print('Chromium', `linear memory ${megabytes(answer.memoryBytes)} at its peak`);
    assert.deepEqual(bitsOf(answer.logits), bitsOf(logits));
  });

  it('takes little more memory for further threads, also where all documents are of the longest', async () => {
    const documents = Array.from({ length: 6 }, (_, index) => `document ${index}: ${'word '.repeat(600)}`);
    const alone = await rankInPage(documents, 1);
    const together = await rankInPage(documents, 3);
    assert.deepEqual(bitsOf(together.logits), bitsOf(alone.logits));
    const further = (together.memoryBytes - alone.memoryBytes) / 2;
    print('Chromium', `linear memory for a further thread ${megabytes(further)}`);
    assert.ok(further > 1e6 && further <= mostMemoryOfThread, megabytes(further));
  });

  it('is as near to exact arithmetic as onnxruntime is', async () => {
    const { inputs, tokenizer } = await recordedInputs({ longest: 24 });
    const model = localStandin();
    const reranker = await createReranker({ model: { ...model, files: { ...model.files, tokenizer } } });
    const distances = [];
    for (const { query, document, tokens, exact, onnxruntime } of inputs) {
      const [result] = await reranker.rerank(query, [document]);
      assert.equal(result.tokens, tokens);
      distances.push({ ours: Math.abs(result.logit - exact), theirs: Math.abs(onnxruntime - exact) });
    }
    await reranker.dispose();
    assert.ok(distances.length >= 15, `${distances.length}`);
    const [ours, theirs] = ['ours', 'theirs'].map((who) => mean(distances.map((distance) => distance[who])));
    print('Node', `mean distance to exact arithmetic ${ours.toFixed(4)}, onnxruntime's ${theirs.toFixed(4)}`);
    assert.ok(ours <= 1.1 * theirs, `${ours} is more than 1.1 times ${theirs}`);
  });
});

function print(where, what) {
  process.stdout.write(`${where}: ${what}\n`);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number) / numbers.length;
}
