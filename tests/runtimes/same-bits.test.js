import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { useChromium } from '../support/browsers/chromium.js';
import { publishedQueries } from '../support/models/mini.js';
import { miniDirectory, pairsUrl } from '../support/paths.js';
import { installedNodes } from '../support/programs/nodes.js';
import { useWorkerd } from '../support/programs/workerd.js';

const pairsOfTokens = fileURLToPath(new URL('../fixtures/mini_logits.jsonl', import.meta.url));
const printLogits = fileURLToPath(new URL('../support/models/print-logits.mjs', import.meta.url));

describe('the published pairs', async () => {
  const queries = await publishedQueries();
  const questions = queries.map(({ query, documents }) => ({ query, documents }));
  const nodes = installedNodes();
  const chromium = useChromium();
  const workerd = useWorkerd('tests/runtimes/workerd/worker.js');
  let logits;
  before(() => {
    logits = logitsInNode(nodes[0]);
  });

  function logitsInNode({ path }) {
    const output = execFileSync(path, [printLogits], { input: JSON.stringify(questions), encoding: 'utf8' });
    return JSON.parse(output).flatMap(logitsByIndex);
  }

  it('have logits as near to fp32 as onnxruntime has', () => {
    const expected = queries.flatMap(({ pairs }) => pairs);
    assert.equal(expected.length, 63);
    assert.equal(logits.length, 63);
    const distance = mean(expected.map((pair, index) => Math.abs(pair.logit_fp32 - logits[index])));
    const bar = 1.1 * mean(expected.map((pair) => Math.abs(pair.logit_fp32 - pair.logit_int8_onnxruntime)));
    assert.ok(distance <= bar, `${distance} is more than ${bar}`);
  });

  for (const node of nodes.slice(1)) {
    it(`have the same bits in Node ${node.version} as in Node ${nodes[0].version}`, () => {
      assert.deepEqual(bitsOf(logitsInNode(node)), bitsOf(logits));
    });
  }

  it('have the same bits natively, on scalar kernels', async () => {
    const command = process.env.RERANK_WASM_NATIVE;
    assert.ok(command, 'RERANK_WASM_NATIVE is not set; run the tests with scripts/test.sh, which sets it.');
    const lines = execFileSync(command, ['logits', '--model', miniDirectory, pairsOfTokens], { encoding: 'utf8' });
    const native = lines
      .trim()
      .split('\n')
      .map((line) => Math.fround(Number(line)));
    const published = (await readFile(pairsUrl, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const byPair = new Map(published.map(({ query, document }, index) => [`${query}\n${document}`, native[index]]));
    const inOrder = queries.flatMap(({ query, documents }) =>
      documents.map((document) => byPair.get(`${query}\n${document}`)),
    );
    assert.deepEqual(bitsOf(inOrder), bitsOf(logits));
  });

  it('have the same bits in a worker of a page', async () => {
    const { page, close } = await chromium.open('/site/');
    const results = await page.evaluate(async (questions) => {
      const { createReranker, mini } = await import('/site/tools.js');
      const reranker = await createReranker({ model: mini, worker: true });
      const results = [];
      for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
      await reranker.dispose();
      return results;
    }, questions);
    await close();
    assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), bitsOf(logits));
  });

  it('have the same bits in workerd', async () => {
    const calls = questions.map(({ query, documents }) => [query, documents]);
    const { results } = await workerd.ask({ reranker: 'shared', calls });
    assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), bitsOf(logits));
  });
});

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number) / numbers.length;
}
