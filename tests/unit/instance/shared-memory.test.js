import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { createSharedMemory } from '#internal/instance/shared-memory.js';
import { initialPages } from '#internal/wasm/bindings-threads.js';

const { Memory } = WebAssembly;
const ownNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

/** A gibibyte, in pages of 64 KiB. */
const gibibyte = 1 << 14;

const agents = {
  Chromium: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  Firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
  'Chrome on an iPhone':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1',
};

/** Simulates a device with `available` free pages of addresses. Returns the list of requested memories. */
function deviceWith(available, userAgent) {
  const asked = [];
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
  WebAssembly.Memory = class {
    constructor(descriptor) {
      asked.push(descriptor);
      if (descriptor.maximum > available) throw new RangeError('could not allocate memory');
    }
  };
  return asked;
}

describe('the memory that threads share', () => {
  afterEach(() => {
    WebAssembly.Memory = Memory;
    if (ownNavigator) Object.defineProperty(globalThis, 'navigator', ownNavigator);
    else delete globalThis.navigator;
  });

  for (const [name, agent] of Object.entries(agents)) {
    const gibibytes = ['Chromium', 'Firefox'].includes(name) ? 4 : 1;
    it(`begins small and may grow to ${gibibytes} GiB in ${name}`, () => {
      const asked = deviceWith(4 * gibibyte, agent);
      createSharedMemory();
      assert.deepEqual(asked, [{ initial: initialPages, maximum: gibibytes * gibibyte, shared: true }]);
      // The smallest useful model takes ten times more.
      assert.ok(initialPages * 65_536 < 30e6);
    });
  }

  it('reserves half as much as often as that is refused', () => {
    const asked = deviceWith(gibibyte, agents.Firefox);
    createSharedMemory();
    assert.deepEqual(
      asked.map(({ maximum }) => maximum / gibibyte),
      [4, 2, 1],
    );
  });

  it('is refused where less than half a gibibyte is left', () => {
    const asked = deviceWith(gibibyte / 2 - 1, agents.Safari);
    assert.throws(createSharedMemory, {
      code: 'out_of_memory',
      message: /could not get a memory to share; use `threads: 1`\.$/,
    });
    assert.deepEqual(
      asked.map(({ maximum }) => maximum / gibibyte),
      [1, 0.5],
    );
  });
});
