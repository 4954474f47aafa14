import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { rerankErrorCodes } from 'rerank-wasm';

import { read } from './paths.js';

const page = read('docs/usage.md');

/** Returns the codes in the first column of the table below a heading. */
function documented(heading) {
  const [, section] = page.split(`\n## ${heading}\n`);
  return [...section.slice(0, section.indexOf('\n## ')).matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code).sort();
}

describe('docs/usage.md', () => {
  it('has every warning', () => {
    const [, members] = /interface RerankWarning \{(.*?)^\}/ms.exec(read('pkg/src/common/loading.ts'));
    const codes = [...members.matchAll(/^ {4}\| '(\w+)'/gm)].map(([, code]) => code).sort();
    assert.ok(codes.length > 5);
    assert.deepEqual(documented('Warnings'), codes);
  });

  it('has every error', () => {
    assert.deepEqual(documented('Errors'), [...rerankErrorCodes].sort());
  });
});
