import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cut, similarity } from '#internal/embedder/vectors.js';

describe('similarity', () => {
  it('is the cosine of the angle', () => {
    assert.equal(similarity([3, 4], [6, 8]), 1);
    assert.equal(similarity(Float32Array.of(1, 0), Float32Array.of(0, 2)), 0);
    assert.equal(similarity([1, 0], [-2, 0]), -1);
    assert.equal(similarity([0, 0], [1, 1]), 0);
  });

  for (const [a, b, message] of [
    [[1, 2], [1], /they have 2 and 1/],
    ['ab', [1, 2], /`a` must be a vector of numbers; it is a string/],
    [[1], new DataView(new ArrayBuffer(1)), /`b` must be a vector of numbers; it is a DataView/],
  ]) {
    it(`refuses what it cannot compare: ${message}`, () => {
      assert.throws(() => similarity(a, b), { name: 'RerankError', code: 'invalid_input', message });
    });
  }
});

describe('a vector that is cut', () => {
  it('has length 1 again', () => {
    assert.deepEqual(cut(Float32Array.of(0.6, 0, 0.8), 2), Float32Array.of(1, 0));
    assert.deepEqual(cut(Float32Array.of(3, 4, 9), 2), Float32Array.of(0.6, 0.8));
  });

  it('stays if it is nothing but zeros', () => {
    assert.deepEqual(cut(Float32Array.of(0, 0, 1), 2), Float32Array.of(0, 0));
  });
});
