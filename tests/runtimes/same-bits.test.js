import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { useChromium } from '../support/browsers/chromium.js';
import { families, familyDirectory, questions } from '../support/models/family.js';
import { publishedQueries } from '../support/models/mini.js';
import { miniDirectory, pairsUrl } from '../support/paths.js';
import { installedNodes } from '../support/programs/nodes.js';
import { useWorkerd } from '../support/programs/workerd.js';

const pairsOfTokens = fileURLToPath(new URL('../fixtures/mini_logits.jsonl', import.meta.url));
const printLogits = fileURLToPath(new URL('../support/models/print-logits.mjs', import.meta.url));

const nodes = installedNodes();

describe('the published pairs', async () => {
  const queries = await publishedQueries();
  const questions = queries.map(({ query, documents }) => ({ query, documents }));
  const chromium = useChromium();
  const workerd = useWorkerd('tests/runtimes/workerd/worker.js');
  let logits;
  before(() => {
    logits = logitsInNode(nodes[0], { questions });
  });

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
      assert.deepEqual(bitsOf(logitsInNode(node, { questions })), bitsOf(logits));
    });
  }

  it('have the same bits natively', async () => {
    const native = nativeLogits(miniDirectory, pairsOfTokens);
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
    assert.deepEqual(bitsOf(await logitsInPage(chromium, { questions })), bitsOf(logits));
  });

  it('have the same bits in workerd', async () => {
    const calls = questions.map(({ query, documents }) => [query, documents]);
    const { results } = await workerd.ask({ reranker: 'shared', calls });
    assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), bitsOf(logits));
  });
});

describe('tiny graphs of each family, in int8 and in floats', async () => {
  const models = await families();
  const chromium = useChromium();
  const workerd = useWorkerd('tests/runtimes/workerd/worker.js');
  const expected = new Map();

  /** Compares the bits of every family with those of the first Node. */
  async function compare(logitsOf) {
    for (const model of models)
      assert.deepEqual(bitsOf(await logitsOf(model)), bitsOf(expected.get(model)), model.name);
  }

  before(() => {
    for (const model of models) expected.set(model, logitsInNode(nodes[0], { questions, model }));
  });

  it('give a finite logit for each document', () => {
    assert.ok(expected.size > 12, String(expected.size));
    for (const [{ name }, logits] of expected) {
      assert.ok(logits.length === 5 && logits.every(Number.isFinite), name);
      assert.equal(new Set(logits).size, 5, name);
    }
  });

  for (const node of nodes.slice(1)) {
    it(`have the same bits in Node ${node.version} as in Node ${nodes[0].version}`, () =>
      compare((model) => logitsInNode(node, { questions, model })));
  }

  it('have the same bits natively', () =>
    compare(async ({ name }) => {
      const directory = await familyDirectory(name);
      const pairs = questions.flatMap(({ query, documents }) => documents.map((document) => ({ query, document })));
      const file = join(directory, 'pairs.jsonl');
      await writeFile(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
      const native = nativeLogits(directory, file);
      await rm(directory, { recursive: true });
      return native;
    }));

  it('have the same bits in a worker of a page', () =>
    compare((model) => logitsInPage(chromium, { questions, model })));

  it('have the same bits in workerd', () =>
    compare(async (model) => {
      const calls = questions.map(({ query, documents }) => [query, documents]);
      const { results } = await workerd.ask({ reranker: 'given', model, calls });
      return results.flatMap(logitsByIndex);
    }));
});

/** Asks a model, by default the small one, in this Node. */
function logitsInNode({ path }, asked) {
  const output = execFileSync(path, [printLogits], { input: JSON.stringify(asked), encoding: 'utf8' });
  return JSON.parse(output).flatMap(logitsByIndex);
}

/** Asks a model, by default the small one, in a worker of a page. */
async function logitsInPage(chromium, asked) {
  const { page, close } = await chromium.open('/site/');
  const results = await page.evaluate(async ({ questions, model }) => {
    const { createReranker, mini } = await import('/site/tools.js');
    const reranker = await createReranker({ model: model ?? mini, worker: true });
    const results = [];
    for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
    await reranker.dispose();
    return results;
  }, asked);
  await close();
  return results.flatMap(logitsByIndex);
}

/** Returns the logits that the native command prints for a file of pairs. */
function nativeLogits(directory, pairs) {
  const command = process.env.RERANK_WASM_NATIVE;
  assert.ok(command, 'RERANK_WASM_NATIVE is not set; run the tests with scripts/test.sh, which sets it.');
  const lines = execFileSync(command, ['logits', '--model', directory, pairs], { encoding: 'utf8' });
  return lines
    .trim()
    .split('\n')
    .map((line) => Math.fround(Number(line)));
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number) / numbers.length;
}
