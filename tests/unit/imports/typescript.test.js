import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkTypeScript } from '../../../scripts/imports/typescript.mjs';

/** Returns the offences in a tree of these files. */
function offencesIn(files) {
  const root = mkdtempSync(join(tmpdir(), 'rerank-wasm-imports-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return checkTypeScript(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const errors = { 'common/errors.ts': 'export class E {}\n' };

describe('the import rules of TypeScript', () => {
  it('hold in the package', () => {
    assert.deepEqual(checkTypeScript(fileURLToPath(new URL('../../../pkg/src', import.meta.url))), []);
  });

  it('allow what lies below, and the same room', () => {
    const files = {
      ...errors,
      'files/a.ts': "import { E } from '../common/errors.js';\nimport type { B } from './b.js';\n",
      'files/b.ts': 'export type B = 1;\n',
      'index.ts': "export * from './files/a.js';\n",
    };
    assert.deepEqual(offencesIn(files), []);
  });

  for (const [what, files, offence] of [
    [
      'an import of a room above',
      { 'common/a.ts': "\nimport { b } from '../files/b.js';\n", 'files/b.ts': '' },
      'common/a.ts:2: imports go downward only: common imports files/b.ts',
    ],
    [
      'an import of a type from another room of the same floor',
      { 'cache/a.ts': "import type {\n  B,\n} from '../files/b.js';\n", 'files/b.ts': '' },
      'cache/a.ts:3: imports go downward only: cache imports files/b.ts',
    ],
    [
      'an import that runs later',
      { 'common/a.ts': "export const b = () => import('../files/b.js');\n", 'files/b.ts': '' },
      'common/a.ts:1: imports go downward only: common imports files/b.ts',
    ],
    [
      'an export from a room above',
      { 'engine/a.ts': "export { b } from '../reranker/b.js';\n", 'reranker/b.ts': '' },
      'engine/a.ts:1: imports go downward only: engine imports reranker/b.ts',
    ],
    [
      'a circle, of types too',
      {
        'files/a.ts': "import { b } from './b.js';\n",
        'files/b.ts': "import { c } from './c.js';\n",
        'files/c.ts': "import type { A } from './a.js';\n",
      },
      'files/a.ts:1: no circles: files/a.ts → files/b.ts → files/c.ts',
    ],
    [
      'a file without a room',
      { 'helpers.ts': '' },
      'helpers.ts:1: every file has a room: there is none for helpers.ts',
    ],
    [
      'an engine file that is named in a room',
      { 'engine/a.ts': "const url = new URL('../wasm/rerank.wasm', import.meta.url);\n" },
      "engine/a.ts:1: engine files are named in the root: new URL('../wasm/rerank.wasm'",
    ],
    [
      'a page worker that is started in a room',
      { 'workers/a.ts': "new Worker(new URL('./b.js', import.meta.url), { type: 'module' });\n" },
      'workers/a.ts:1: page workers are started in the root: new Worker(',
    ],
    [
      'the bindings of the engine with threads elsewhere',
      { 'engine/a.ts': "import { createBindings } from '../wasm/bindings-threads.js';\n" },
      'engine/a.ts:1: the bindings of the engine with threads stay in instance/',
    ],
    [
      'an import of the package by its name',
      { 'engine/a.ts': "import { rerank } from 'rerank-wasm/edge';\n" },
      "engine/a.ts:1: the package imports itself by name in adapters only: from 'rerank-wasm/edge'",
    ],
    [
      'an import by the alias of tests',
      { 'engine/a.ts': "export const b = () => import('#internal/common/errors.js');\n" },
      "engine/a.ts:1: the package imports itself by name in adapters only: import('#internal/common/errors.js')",
    ],
    [
      'a module of Node elsewhere',
      { 'files/a.ts': "import { readFile } from 'node:fs/promises';\n" },
      "files/a.ts:1: modules of Node are imported in platforms, cli and cache/directory.ts: from 'node:",
    ],
  ]) {
    it(`forbid ${what}`, () => {
      const found = offencesIn(files);
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0].startsWith(offence), found[0]);
    });
  }
});
