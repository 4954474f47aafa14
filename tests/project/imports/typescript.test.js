import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkTypeScript } from '../../../scripts/imports/typescript.mjs';

const script = fileURLToPath(new URL('../../../scripts/imports/check.mjs', import.meta.url));

/** Calls `inspect` with a folder that holds these files. */
function withFiles(files, inspect) {
  const root = mkdtempSync(join(tmpdir(), 'rerank-wasm-imports-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return inspect(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const offencesIn = (files) => withFiles(files, checkTypeScript);

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

  it('allow platforms to start threads of Node, and doors to import types of threads', () => {
    const files = {
      'wasm/bindings-threads.d.ts': '',
      'instance/threaded.ts': "import { createBindings } from '../wasm/bindings-threads.js';\n",
      'platforms/a.ts':
        "import { Worker } from 'node:worker_threads';\nimport { b } from '../instance/threaded.js';\nnew Worker('c.js');\n",
      'instance/thread.ts': "export { createBindings } from '../wasm/bindings-threads.js';\n",
      'index.ts': "import type { B } from './instance/thread.js';\n",
      'node.ts': "export { a } from './platforms/a.js';\n",
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
      'an engine file that is imported later',
      { 'engine/a.ts': "export const engine = () => import('../wasm/rerank.wasm?module');\n" },
      "engine/a.ts:1: engine files are named in the root: import('../wasm/rerank.wasm?module'",
    ],
    [
      'the folder of the engines in a room',
      { 'engine/a.ts': "const url = new URL(\n  '../wasm/',\n  import.meta.url,\n);\n" },
      'engine/a.ts:1: engine files are named in the root: new URL(',
    ],
    [
      'a page worker that is started in a room',
      { 'workers/a.ts': "new Worker(new URL('./b.js', import.meta.url), { type: 'module' });\n" },
      'workers/a.ts:1: page workers are started in the root: new Worker(',
    ],
    [
      'a page worker with options that are named elsewhere',
      { 'workers/a.ts': 'const start = (url: URL, options: WorkerOptions) => new Worker(url, options);\n' },
      'workers/a.ts:1: page workers are started in the root: new Worker(',
    ],
    [
      'a shared worker',
      { 'platforms/a.ts': "new globalThis.SharedWorker('a.js');\n" },
      'platforms/a.ts:1: page workers are started in the root: new globalThis.SharedWorker(',
    ],
    [
      'the bindings of the engine with threads elsewhere',
      { 'engine/a.ts': "import { createBindings } from '../wasm/bindings-threads.js';\n" },
      'engine/a.ts:1: the bindings of the engine with threads stay in instance/',
    ],
    [
      'the bindings of the engine with threads that are loaded later',
      { 'engine/a.ts': "const bindings = await import('../wasm/bindings-threads.js');\n" },
      'engine/a.ts:1: the bindings of the engine with threads stay in instance/',
    ],
    [
      'a start of threads past the port',
      { 'engine/a.ts': "import { startThreaded } from '../instance/threaded.js';\n", 'instance/threaded.ts': '' },
      'engine/a.ts:1: instance/threaded.ts is imported in platforms and workers/worker-threads.ts',
    ],
    [
      'a start of threads from the same room, later',
      { 'instance/a.ts': "const threaded = () => import('./threaded.js');\n", 'instance/threaded.ts': '' },
      'instance/a.ts:1: instance/threaded.ts is imported in platforms and workers/worker-threads.ts',
    ],
    [
      'a door without threads that carries their bindings',
      {
        'worker.ts': "import { b } from './workers/a.js';\n",
        'workers/a.ts': "export { b } from '../instance/thread.js';\n",
        'instance/thread.ts': "import { createBindings } from '../wasm/bindings-threads.js';\n",
        'wasm/bindings-threads.d.ts': '',
      },
      'worker.ts:1: doors without threads load no bindings of threads: worker.ts → workers/a.ts → instance/thread.ts → ',
    ],
    [
      'code beside the generated bindings',
      { 'wasm/a.ts': 'export const a = 1;\n' },
      'wasm/a.ts:1: wasm holds types only, because dist/wasm holds no code of ours: export const a',
    ],
    [
      'an import of the package by its name',
      { 'engine/a.ts': "import { rerank } from 'rerank-wasm/edge';\n" },
      "engine/a.ts:1: the package imports itself by name in adapters only: from 'rerank-wasm/edge'",
    ],
    [
      'an import by the alias of tests',
      { 'engine/a.ts': "export const b = () => import('#internal/common/errors.js');\n" },
      "engine/a.ts:1: the package imports itself by name in adapters only: import('#internal/common/errors.js'",
    ],
    [
      'a module of Node elsewhere',
      { 'files/a.ts': "import { readFile } from 'node:fs/promises';\n" },
      "files/a.ts:1: modules of Node are imported in platforms, cli, cache/directory.ts and search/directory.ts: from 'node:fs/promises'",
    ],
    ...[
      ["const fs = await import('node:fs');", "import('node:fs'"],
      ["import 'node:fs';", "import 'node:fs'"],
      ["const fs = process.getBuiltinModule('node:fs');", "getBuiltinModule('node:fs'"],
    ].map(([code, found]) => [
      `a module of Node elsewhere, by ${found}`,
      { 'files/a.ts': `\n${code}\n` },
      `files/a.ts:2: modules of Node are imported in platforms, cli, cache/directory.ts and search/directory.ts: ${found}`,
    ]),
  ]) {
    it(`forbid ${what}`, () => {
      const found = offencesIn(files);
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0].startsWith(offence), found[0]);
    });
  }

  it('fail the check, which says file, line and rule', () => {
    for (const [text, expected, message] of [
      ["import 'node:fs';\n", 1, /^pkg\/src\/files\/a\.ts:1: modules of Node are imported in .*\n$/],
      ['', 0, /^$/],
    ]) {
      withFiles({ 'src/lib.rs': '', 'pkg/src/files/a.ts': text }, (root) => {
        const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
        assert.equal(status, expected);
        assert.match(stderr, message);
      });
    }
  });
});
