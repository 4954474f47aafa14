import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { precompile, withPrecompiled } from '#internal/engine/precompiled.js';

const plain = { name: 'plain' };
const threaded = { name: 'threaded' };

function platform({ processors = 4, fails = false } = {}) {
  const engine = (module) => async () => {
    if (fails) throw new Error('no such file');
    return module;
  };
  const threads = { processors: () => processors, room: () => 8, engine: engine(threaded) };
  return { defaultEngine: engine(plain), threads };
}

describe('an engine that one thread compiles for another', () => {
  it('is the one that the other would take', async () => {
    assert.deepEqual(await precompile('auto', platform()), { threaded: true, module: threaded });
    assert.deepEqual(await precompile(2, platform()), { threaded: true, module: threaded });
    assert.deepEqual(await precompile(1, platform()), { threaded: false, module: plain });
    assert.deepEqual(await precompile('auto', platform({ processors: 1 })), { threaded: false, module: plain });
    const without = { ...platform(), threads: 'there are none' };
    assert.deepEqual(await precompile('auto', without), { threaded: false, module: plain });
  });

  it('is none if it cannot be compiled, or if the wish is impossible', async () => {
    assert.equal(await precompile('auto', platform({ fails: true })), undefined);
    assert.equal(await precompile(65, platform()), undefined);
  });

  it('takes the place of the engine of its kind alone', async () => {
    const other = { name: 'other' };
    const one = withPrecompiled(platform(), { threaded: true, module: other });
    assert.deepEqual([await one.threads.engine(), await one.defaultEngine()], [other, plain]);
    const two = withPrecompiled(platform(), { threaded: false, module: other });
    assert.deepEqual([await two.threads.engine(), await two.defaultEngine()], [threaded, other]);
  });

  it('changes nothing where there is none, or where there are no threads', () => {
    const here = platform();
    assert.equal(withPrecompiled(here, undefined), here);
    const without = { ...here, threads: 'there are none' };
    assert.equal(withPrecompiled(without, { threaded: true, module: threaded }), without);
  });
});
