import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { hasRelaxedSimd } from '#internal/instance/simd.js';
import { bitsOf, logitsByIndex } from '../../support/asserts/bits.js';
import { family, questions as questionsOfFamilies } from '../../support/models/family.js';
import { publishedQueries } from '../../support/models/mini.js';
import { clockFor } from '../../support/models/winner.js';

/** The kernels of this Node's engine, in the order of `Kernel::ALL`. */
const simd = ['dot_i16x8', 'extmul', 'extmul_of_eight_bits'];
const kernels = hasRelaxedSimd() ? [...simd, 'relaxed_dot', 'relaxed_dot_in_two_steps'] : simd;

const { now } = performance;

/** Returns the kernel of a new reranker and the bits of its logits. With `winner`, that kernel wins by this clock. */
async function rank({ model, questions, winner }) {
  if (winner !== undefined) performance.now = clockFor(kernels.indexOf(winner), kernels.length);
  const reranker = await createReranker({ model, worker: false });
  performance.now = now;
  const { kernel } = await reranker.statistics();
  const results = [];
  for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
  await reranker.dispose();
  return { kernel, bits: bitsOf(results.flatMap(logitsByIndex)) };
}

describe('each kernel of the engine', async () => {
  const questions = (await publishedQueries()).slice(0, 3);
  let usual;
  before(async () => {
    usual = await rank({ model: mini, questions });
  });
  afterEach(() => {
    performance.now = now;
  });

  it('has a name', () => assert.ok(kernels.includes(usual.kernel), usual.kernel));

  for (const winner of kernels) {
    it(`gives the same bits: ${winner}`, async () => {
      assert.deepEqual(await rank({ model: mini, questions, winner }), { kernel: winner, bits: usual.bits });
    });
  }

  it('gives the same bits for weights of eight bits, if it is exact for them', async () => {
    const asked = { model: await family('bert-5-torchscript-sdpa-web'), questions: questionsOfFamilies };
    const { bits } = await rank(asked);
    const taken = new Map();
    for (const winner of kernels) {
      const ranked = await rank({ ...asked, winner });
      assert.deepEqual(ranked.bits, bits, winner);
      taken.set(winner, ranked.kernel);
    }
    for (const exact of ['dot_i16x8', 'extmul_of_eight_bits']) assert.equal(taken.get(exact), exact);
    assert.notEqual(taken.get('extmul'), 'extmul');
    assert.notEqual(taken.get('relaxed_dot_in_two_steps'), 'relaxed_dot_in_two_steps');
  });

  it('is measured where the clock stands, too', async () => {
    performance.now = () => 0;
    const reranker = await createReranker({ model: mini, worker: false });
    assert.ok(kernels.includes((await reranker.statistics()).kernel));
    await reranker.dispose();
  });
});
