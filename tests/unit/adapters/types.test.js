import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { distUrl } from '../../support/paths.js';

const compiler = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');

describe('the types of the adapters', () => {
  it('fit those of AI SDK 6 and 7 and of LangChain.js', () => {
    const project = fileURLToPath(new URL('types', import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('need none of these libraries', async () => {
    for (const name of ['ai-sdk', 'langchain', 'reranker-source']) {
      for (const kind of ['js', 'd.ts']) {
        const code = await readFile(new URL(`adapters/${name}.${kind}`, distUrl), 'utf8');
        for (const [, from] of code.matchAll(/from '([^']+)'/g)) assert.match(from, /^(\.|rerank-wasm$)/);
      }
    }
  });
});
