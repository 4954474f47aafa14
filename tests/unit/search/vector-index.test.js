import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { quantize } from '#internal/search/quantize.js';
import { ExactIndex } from '#internal/search/vector-index.js';

/** Numbers from -0.5 to 0.5, the same in each run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

function unit(next, size) {
  const vector = Float32Array.from({ length: size }, next);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);

describe('codes of eight bits', () => {
  it('reach from -127 to 127', () => {
    const codes = new Int8Array(4);
    const scale = quantize(Float32Array.of(0.5, -0.25, 0, 0.126), codes);
    assert.deepEqual([...codes], [127, -63, 0, 32]);
    assert.ok(Math.abs(scale * 127 - 0.5) < 1e-7);
  });

  it('are none for a vector of zeros', () => {
    const codes = new Int8Array(3);
    assert.equal(quantize(new Float32Array(3), codes), 0);
    assert.deepEqual([...codes], [0, 0, 0]);
  });
});

describe('the scan of all vectors', () => {
  for (const size of [384, 33, 2]) {
    it(`finds the closest of vectors of ${size} numbers`, () => {
      const next = numbers(size);
      const vectors = Array.from({ length: 2500 }, () => unit(next, size));
      const index = new ExactIndex(size);
      const codes = new Int8Array(size);
      for (const [slot, vector] of vectors.entries()) index.add(slot, codes, quantize(vector, codes));
      assert.ok(index.bytes / vectors.length <= size + 4);
      const query = unit(next, size);
      const exact = vectors.map((vector, slot) => ({ slot, score: dot(vector, query) }));
      exact.sort((a, b) => b.score - a.score);
      const found = index.scan(query, 10, undefined).sort((a, b) => b.score - a.score);
      assert.equal(found.length, 40);
      for (const { slot, score } of found) assert.ok(Math.abs(score - dot(vectors[slot], query)) < 0.02, `${score}`);
      // The best by floats is among the best by codes.
      assert.ok(found.some(({ slot }) => slot === exact[0].slot));
      assert.ok(found[9].score > exact[9].score - 0.02);
    });
  }

  it('leaves out what was removed, and what is not allowed', () => {
    const index = new ExactIndex(2);
    for (let slot = 0; slot < 5; slot += 1) index.add(slot, Int8Array.of(127, slot), 1 / 127);
    index.remove(1);
    index.remove(1);
    const slots = (allowed) => index.scan(Float32Array.of(1, 0), 9, allowed).map(({ slot }) => slot);
    assert.deepEqual(slots().sort(), [0, 2, 3, 4]);
    assert.deepEqual(slots(Uint8Array.of(1, 1, 0, 0, 1)).sort(), [0, 4]);
    assert.equal(index.bytes, 4 * 6);
    index.add(1, Int8Array.of(-127, 0), 1 / 127);
    assert.deepEqual(slots(Uint8Array.of(0, 1)), [1]);
  });
});
