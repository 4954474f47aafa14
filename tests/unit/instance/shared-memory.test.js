import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';

import { createSharedMemory } from '#internal/instance/shared-memory.js';
import { initialPages } from '#internal/wasm/bindings-threads.js';

const { Memory } = WebAssembly;
const ownNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

/** The size of bge-reranker-base's files. */
const base = 296.4e6;

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
      createSharedMemory({ count: 2 });
      assert.deepEqual(asked, [{ initial: initialPages, maximum: gibibytes * gibibyte, shared: true }]);
      // The smallest useful model takes ten times more.
      assert.ok(initialPages * 65_536 < 30e6);
    });
  }

  it('reserves half as much as often as that is refused', () => {
    const asked = deviceWith(gibibyte, agents.Firefox);
    createSharedMemory({ count: 2 });
    assert.deepEqual(
      asked.map(({ maximum }) => maximum / gibibyte),
      [4, 2, 1],
    );
  });

  it('is what the model needs and a margin in WebKit, at most 512 MB for bge-reranker-base', () => {
    const asked = deviceWith(gibibyte, agents.Safari);
    createSharedMemory({ count: 8, modelBytes: base });
    createSharedMemory({ count: 2, modelBytes: 27e6 });
    const [forBase, forMini] = asked.map(({ maximum }) => maximum * 65_536);
    assert.ok(forBase > base + 150e6 && forBase < 512e6, String(forBase));
    assert.ok(forMini > 500e6 && forMini < 520e6, String(forMini));
    const others = deviceWith(4 * gibibyte, agents.Chromium);
    createSharedMemory({ count: 8, modelBytes: base });
    assert.equal(others[0].maximum, 4 * gibibyte);
  });

  it('has less margin where that is refused, and is refused without any', () => {
    const least = Math.ceil((base + 32e6 + 8 * 4e6) / 65_536);
    const asked = deviceWith(least, agents.Safari);
    createSharedMemory({ count: 8, modelBytes: base });
    assert.equal(asked.at(-1).maximum, least);
    const refused = deviceWith(least - 1, agents.Safari);
    assert.throws(() => createSharedMemory({ count: 8, modelBytes: base }), { code: 'out_of_memory' });
    assert.equal(refused.length, asked.length);
  });

  it('is refused where less than half a gibibyte is left', () => {
    const asked = deviceWith(gibibyte / 2 - 1, agents.Safari);
    assert.throws(() => createSharedMemory({ count: 2 }), {
      code: 'out_of_memory',
      message: /could not get a memory to share; use `threads: 1`\.$/,
    });
    assert.deepEqual(
      asked.map(({ maximum }) => maximum / gibibyte),
      [1, 0.5],
    );
  });
});
