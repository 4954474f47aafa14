import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { chooseThreads } from '#internal/engine/thread-count.js';

describe('how many threads there are', () => {
  const machine = (processors, room) => ({ processors: () => processors, room: () => room });

  it('is the number of processors, with no more than 8 and than there is memory for', () => {
    for (const [processors, room, count] of [
      [4, 100, 4],
      [16, 100, 8],
      [4, 3, 3],
      [1, 100, 1],
    ]) {
      assert.deepEqual(chooseThreads('auto', machine(processors, room)), { count, missing: undefined });
    }
  });

  it('is one where memory is short, with a word', () => {
    assert.deepEqual(chooseThreads('auto', machine(4, 1)), { count: 1, missing: 'there is no memory for more' });
    assert.deepEqual(chooseThreads(undefined, machine(4, 0)), { count: 1, missing: 'there is no memory for more' });
  });

  it('is what was asked for, up to 64', () => {
    assert.deepEqual(chooseThreads(64, machine(1, 1)), { count: 64 });
    assert.throws(() => chooseThreads(65, machine(100, 100)), { code: 'unsupported_environment' });
  });
});
