import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';

import { Instance } from '#internal/instance/instance.js';
import { standinFiles } from '../support/models/standin.js';
import { engineUrl } from '../support/paths.js';

const pushed = 1 << 20;

/** Loads a tokenizer. Returns its compact form and the growth of linear memory. */
async function load(bytes) {
  const instance = await Instance.start(await WebAssembly.compile(await readFile(engineUrl)));
  const before = instance.memoryBytes;
  const compact = instance.call(() => {
    const loader = new instance.bindings.Loader();
    loader.begin('tokenizer', bytes.length);
    for (let start = 0; start < bytes.length; start += pushed) loader.push(bytes.subarray(start, start + pushed));
    return loader.endAndConvert();
  });
  return { compact, grown: instance.memoryBytes - before };
}

describe('the published tokenizer', () => {
  let json;
  let first;
  before(async () => {
    json = new Uint8Array(await readFile(standinFiles().tokenizer));
    first = await load(json);
  });

  it('has a small compact form', () => assert.ok(first.compact.length <= 6e6, `${first.compact.length}`));

  it('is read and converted in less than 20 MB', () => assert.ok(first.grown <= 20e6, `${first.grown}`));

  it('takes up to 10 MB from the compact form', async () => {
    const { compact, grown } = await load(first.compact);
    assert.equal(compact, undefined);
    assert.ok(grown <= 10e6, `${grown}`);
  });
});
