import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { check } from '../../../scripts/imports/rust.mjs';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const script = join(repository, 'scripts/imports/check.mjs');

/** A little crate that keeps every rule: a room above another, files that share a folder, and a test. */
const sound = {
  'lib.rs': 'mod error;\npub mod graph;\npub mod kernels;\n#[cfg(target_arch = "wasm32")]\nmod wasm;\n',
  'error.rs': 'pub struct Error;\n',
  'kernels/mod.rs': '//! `unsafe` and tract_core in a comment.\nmod sums;\npub use sums::sum;\n',
  'kernels/sums.rs': 'pub fn sum(of: &[f32]) -> f32 { unsafe { *of.as_ptr() } }\n',
  'graph/mod.rs': 'mod plan;\nmod run;\npub use run::run;\n',
  'graph/plan.rs':
    'use tract_core::internal::*;\npub struct Plan;\n#[cfg(test)]\nmod tests { use super::super::run::run; }\n',
  'graph/run.rs': 'use super::plan::Plan;\nuse crate::kernels::sum;\npub fn run(_: Plan) -> f32 { sum(&[1.0]) }\n',
  'wasm/mod.rs': 'use wasm_bindgen::prelude::*;\n',
};

/** Checks the little crate with some files changed. */
async function checked(changes, inspect) {
  const root = await mkdtemp(join(tmpdir(), 'imports-'));
  try {
    for (const [name, text] of Object.entries({ ...sound, ...changes })) {
      const path = join(root, 'src', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    return await inspect(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const failuresOf = (changes) =>
  checked(changes, (root) => check(root).failures.map(({ file, line, rule }) => `${file}:${line} ${rule}`));

const downward = 'rooms import downward only';
const fileCircle = 'no circles between files';
const roomCircle = 'no circles between rooms';

describe('imports of the crate', () => {
  it('keeps every rule', () => {
    const { files, edges, failures } = check(repository);
    assert.deepEqual(failures, []);
    assert.ok(files.length > 100 && edges.length > 500, `${files.length} files, ${edges.length} imports`);
    const imports = (from, to) => edges.some((edge) => edge.from === from && edge.to === to);
    assert.ok(imports('engine/batches.rs', 'threads/task.rs'), 'a name that its room hands on');
    assert.ok(imports('kernels/linear/mod.rs', 'kernels/linear/tile/simd128.rs'), 'a module under another name');
    assert.ok(imports('bin/rerank/main.rs', 'engine/job.rs'), 'a program imports the library');
  });

  it('finds no fault in a little crate that keeps every rule', async () => {
    assert.deepEqual(await failuresOf({}), []);
  });

  const offences = [
    ['an import that goes up', { 'kernels/sums.rs': '\nuse crate::graph::run;\n' }, [`kernels/sums.rs:2 ${downward}`]],
    [
      'a path that goes up, in the middle of a function',
      { 'error.rs': 'pub struct Error;\nfn late() {\n    crate::kernels::sum(&[]);\n}\n' },
      [`error.rs:3 ${downward}`],
    ],
    [
      'a name that is handed on from a room above',
      { 'kernels/mod.rs': 'mod sums;\npub use sums::sum;\npub use crate::graph::run;\n' },
      [`kernels/mod.rs:3 ${downward}`],
    ],
    [
      'all names that are handed on from a room above, inside the crate',
      { 'kernels/mod.rs': 'mod sums;\npub use sums::sum;\npub(crate) use crate::graph::*;\n' },
      [`kernels/mod.rs:3 ${downward}`],
    ],
    [
      'two rooms inside a room, of which one hands on a name of the other',
      {
        'graph/mod.rs': 'mod one;\nmod other;\n',
        'graph/one/mod.rs': 'pub mod low;\npub use super::other::Other;\n',
        'graph/one/low.rs': 'pub struct Low;\n',
        'graph/other.rs': 'use crate::graph::one::low::Low;\npub struct Other;\n',
      },
      [`graph/one/mod.rs:2 ${roomCircle}`, `graph/other.rs:1 ${roomCircle}`],
    ],
    [
      'two files that import each other',
      { 'graph/plan.rs': 'use super::run;\npub struct Plan;\nfn f() { run::run(Plan); }\n' },
      [`graph/run.rs:1 ${fileCircle}`, `graph/plan.rs:1 ${fileCircle}`, `graph/plan.rs:3 ${fileCircle}`],
    ],
    [
      'a file that imports what its parent defines and uses',
      {
        'graph/mod.rs': 'mod plan;\nmod run;\npub use run::run;\npub struct Own(plan::Plan);\n',
        'graph/plan.rs': 'use super::Own;\npub struct Plan;\n',
      },
      [`graph/mod.rs:4 ${fileCircle}`, `graph/plan.rs:1 ${fileCircle}`],
    ],
    [
      'two rooms that import each other by different files',
      {
        'graph/mod.rs': 'mod one;\nmod other;\n',
        'graph/one/mod.rs': 'pub mod low;\nmod high;\n',
        'graph/one/low.rs': 'pub struct Low;\n',
        'graph/one/high.rs': 'use super::super::other::Other;\n',
        'graph/other.rs': 'use crate::graph::one::low::Low;\npub struct Other;\n',
      },
      [`graph/one/high.rs:1 ${roomCircle}`, `graph/other.rs:1 ${roomCircle}`],
    ],
    [
      'tract outside of graph',
      { 'kernels/sums.rs': '\n\npub fn sum(_: tract_core::prelude::Tensor) {}\n' },
      ['kernels/sums.rs:3 only graph names tract'],
    ],
    [
      'wasm_bindgen outside of wasm, also in a test',
      { 'error.rs': 'pub struct Error;\n#[cfg(test)]\nmod tests { use wasm_bindgen::JsValue; }\n' },
      ['error.rs:3 only wasm names wasm_bindgen and js_sys'],
    ],
    [
      'js_sys outside of wasm',
      { 'graph/plan.rs': 'pub struct Plan(js_sys::Array);\n' },
      ['graph/plan.rs:1 only wasm names wasm_bindgen and js_sys'],
    ],
    [
      'unsafe outside of kernels and threads',
      { 'graph/plan.rs': 'pub struct Plan;\nunsafe impl Send for Plan {}\n' },
      ['graph/plan.rs:2 unsafe only in kernels and threads'],
    ],
    [
      'cfg(target_arch) anywhere else, and in lib.rs for anything but wasm',
      {
        'lib.rs': '#[cfg(target_arch = "wasm32")]\nmod error;\npub mod graph;\npub mod kernels;\nmod wasm;\n',
        'graph/plan.rs': 'pub struct Plan;\nconst WASM: bool = cfg!(target_arch = "wasm32");\n',
      },
      ['lib.rs:1', 'graph/plan.rs:2'].map(
        (place) => `${place} cfg(target_arch) only in kernels, threads and at the gate of wasm`,
      ),
    ],
    [
      'a room that the table does not know',
      { 'lib.rs': `${sound['lib.rs']}mod attic;\n`, 'attic.rs': 'pub struct Box;\n' },
      ['attic.rs:1 every room stands in the table of scripts/imports/rust.mjs'],
    ],
  ];
  for (const [name, changes, expected] of offences) {
    it(`names the rule for ${name}`, async () => {
      assert.deepEqual((await failuresOf(changes)).sort(), expected.sort());
    });
  }

  it('reads past comments, strings and lifetimes', async () => {
    const text = [
      '/* unsafe /* nested */ unsafe */',
      'const TEXT: &str = "unsafe \\" tract_core";',
      'const RAW: &str = r#"use crate::graph::run; "unsafe" "#;',
      "const QUOTE: char = '\"'; // unsafe",
      "pub fn first<'a>(of: &'a str) -> &'a str { of }",
      'pub struct Error;',
    ];
    assert.deepEqual(await failuresOf({ 'error.rs': text.join('\n') }), []);
    assert.deepEqual(await failuresOf({ 'error.rs': [...text, 'unsafe fn f() {}'].join('\n') }), [
      'error.rs:7 unsafe only in kernels and threads',
    ]);
  });

  it('ends with 1, and says file, line and rule', async () => {
    for (const [changes, expected, message] of [
      [{ 'error.rs': '\nunsafe fn f() {}\n' }, 1, /^src\/error\.rs:2: unsafe only in kernels and threads: .*\n$/],
      [{}, 0, /^$/],
    ]) {
      await checked(changes, async (root) => {
        await mkdir(join(root, 'pkg/src'), { recursive: true });
        const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
        assert.equal(status, expected);
        assert.match(stderr, message);
      });
    }
  });
});
