import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { transform } from 'esbuild';

import { policy } from '../support/servers/headers.js';
import { codeBlocks } from './markdown.js';
import { pages, read } from './paths.js';

/** Returns the faults of a snippet: its syntax, and names that the package does not export. */
async function problemsOf(code) {
  try {
    await transform(code, { loader: 'js', format: 'esm' });
  } catch (error) {
    return [error.message];
  }
  const missing = [];
  for (const [, names, from] of code.matchAll(/import \{ ([^}]+) \} from '(rerank-wasm[^']*)'/g)) {
    const module = await import(from);
    missing.push(...names.split(', ').filter((name) => !(name in module)));
  }
  return missing.map((name) => `${name} is not exported`);
}

describe('the code in Markdown', () => {
  for (const page of pages) {
    const snippets = codeBlocks(read(page)).filter(({ language }) => language === 'js');
    if (snippets.length === 0) continue;
    it(`of ${page} is JavaScript and imports what there is`, async () => {
      for (const { code, line } of snippets) assert.deepEqual(await problemsOf(code), [], `line ${line}`);
    });
  }

  it("that is a policy is the one of the tests' pages", () => {
    const [{ code }] = codeBlocks(read('docs/platforms.md')).filter(({ language }) => language === 'http');
    const directives = code.replace(/^[\w-]+:\s*/, '').split('; ');
    assert.ok(directives.length >= 3);
    const kept = policy.split('; ');
    assert.deepEqual(
      directives.filter((directive) => !kept.includes(directive)),
      [],
    );
  });

  it('is looked at', async () => {
    assert.deepEqual(await problemsOf("import { none, rerank } from 'rerank-wasm';"), ['none is not exported']);
    assert.equal((await problemsOf('const = 1;')).length, 1);
    assert.deepEqual(await problemsOf("import { rerank } from 'rerank-wasm';\nawait rerank('a', []);"), []);
  });
});
