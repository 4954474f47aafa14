import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const sources = [
  'scripts',
  'package.json',
  'package-lock.json',
  'pkg/package.json',
  'pkg/mini/package.json',
  'pkg/recall/package.json',
  'tests/packages/package.json',
  'bench/package.json',
  'Cargo.toml',
  'Cargo.lock',
  'src/lib.rs',
];

/** Programs that stand in for those that the build calls. Each notes its name and arguments in $NOTES. */
const programs = {
  cc: 'true',
  rustup: 'exit 1',
  rustc: 'echo "$SYSROOT"',
  npm: `
    mkdir -p node_modules/.bin
    cp "$STANDINS/tsc" node_modules/.bin/tsc
    case "$*" in *--omit=dev*) ;; *) cp "$STANDINS/wasm-opt" "$STANDINS/biome" "$STANDINS/esbuild" node_modules/.bin/ ;; esac`,
  cargo: `
    if [ "$1" = metadata ]; then
      echo '{ "packages": [] }'
      exit
    fi
    target=$CARGO_TARGET_DIR
    while [ $# != 0 ]; do [ "$1" != --target-dir ] || target=$2; shift; done
    mkdir -p "$target/debug" "$target/wasm32-unknown-unknown/wasm"
    cp "$STANDINS/bindgen" "$target/debug/bindgen"
    echo wasm >"$target/wasm32-unknown-unknown/wasm/rerank_wasm.wasm"`,
  bindgen: `
    mkdir "$2"
    cp "$1" "$2/rerank_bg.wasm"
    echo 'new WebAssembly.Memory({initial:18,maximum:65536,shared:true})' >"$2/rerank.js"
    echo >"$2/rerank.d.ts"`,
  'wasm-opt': `
    while [ "$1" != -o ]; do shift; done
    echo optimised >"$2"`,
  biome: 'true',
  esbuild: 'true',
  tsc: `
    mkdir -p pkg/dist/cli pkg/dist/edge pkg/dist/adapters
    touch pkg/dist/cli/main.js
    for types in index worker worker-threads edge/index adapters/ai-sdk adapters/langchain search; do touch "pkg/dist/$types.d.ts"; done`,
};

describe('the build', () => {
  const root = mkdtempSync(join(tmpdir(), 'rerank-wasm-build-'));
  const standIns = join(root, 'standins');
  const sysroot = join(root, 'sysroot');
  const env = {
    ...process.env,
    PATH: [standIns, process.env.PATH].join(delimiter),
    HOME: root,
    RERANK_WASM_CACHE: join(root, 'cache'),
    NOTES: join(root, 'notes'),
    STANDINS: standIns,
    SYSROOT: sysroot,
  };
  for (const name of ['CARGO_TARGET_DIR', 'RERANK_WASM_TOOLCHAIN']) delete env[name];

  before(() => {
    for (const path of sources) cpSync(join(repository, path), join(root, path), { recursive: true });
    writeFile('scripts/compact-tokenizer.mjs', '');
    writeFile('sysroot/lib/rustlib/wasm32-unknown-unknown/lib/libstd.rlib', '');
    writeFile('sysroot/lib/rustlib/src/rust/library/Cargo.lock', '');
    for (const [name, script] of Object.entries(programs)) {
      writeFile(`standins/${name}`, `#!/usr/bin/env bash\nset -e\necho "${name} $*" >>"$NOTES"\n${script}\n`);
      chmodSync(join(standIns, name), 0o755);
    }
  });
  after(() => rmSync(root, { recursive: true }));

  function writeFile(path, text) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  /** Builds with these arguments. Returns the lines that the programs noted, and the built WebAssembly files. */
  function build(...parameters) {
    writeFileSync(env.NOTES, '');
    const { status, stderr } = spawnSync(join(root, 'scripts/build.sh'), parameters, { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const notes = readFileSync(env.NOTES, 'utf8').trimEnd().split('\n');
    const names = readdirSync(join(root, 'pkg/dist'), { recursive: true });
    return {
      called: (start) => notes.filter((line) => line.startsWith(`${start} `)),
      built: names.filter((name) => /\.wasm(\.br)?$/.test(name)).sort(),
    };
  }

  it('makes for the demo one engine, without threads, converter, Biome and wasm-opt', () => {
    const engine = execFileSync('node', [join(repository, 'scripts/engine-name.mjs')], {
      env,
      encoding: 'utf8',
    }).trim();
    const { called, built } = build('demo');
    assert.deepEqual(built, [`wasm/${engine}.wasm`]);
    const [compilation, ...others] = called('cargo rustc');
    assert.deepEqual(others, []);
    assert.equal(compilation.includes('--features relaxed-simd'), engine === 'rerank-relaxed');
    assert.doesNotMatch(compilation, /converter|build-std/);
    assert.deepEqual([called('rustup'), called('wasm-opt')], [[], []]);
    assert.deepEqual([called('npm').length, called('npm')[0].includes(' --omit=dev ')], [1, true]);
  });

  it('makes everything after the demo, optimised', () => {
    const { called, built } = build();
    assert.deepEqual(built, [
      'cli/convert/converter.wasm.br',
      'wasm/rerank-relaxed.wasm',
      'wasm/rerank-threads-simd.wasm',
      'wasm/rerank-threads.wasm',
      'wasm/rerank.wasm',
    ]);
    assert.equal(called('cargo rustc').filter((line) => !line.includes('build-std')).length, 3);
    assert.equal(called('cargo rustc').filter((line) => line.includes('build-std')).length, 2);
    assert.equal(called('wasm-opt').length, 10);
    assert.deepEqual([called('npm').length, called('npm')[0].includes(' --omit=dev ')], [1, false]);
  });

  it('makes nothing again for the demo after that', () => {
    const { called, built } = build('demo');
    assert.equal(built.length, 5);
    assert.deepEqual([called('npm'), called('cargo rustc'), called('wasm-opt')], [[], [], []]);
  });
});
