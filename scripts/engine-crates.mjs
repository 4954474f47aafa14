// The crates that the engines and the converter are made of.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const target = 'wasm32-unknown-unknown';

/**
 * Returns the crates that an engine or the converter is compiled from, as `cargo metadata` describes them. It leaves out
 * ours, and the dependencies of build scripts, tests and other platforms. `macros` says whether procedural macros count,
 * with their dependencies: their code does not get into an engine.
 */
export function engineCrates({ macros }) {
  // Only `cargo tree` leaves out the crates of features that no engine has.
  const edges = macros ? 'normal' : 'normal,no-proc-macro';
  const features = 'relaxed-simd,converter';
  const tree = cargo('tree', '--edges', edges, '--target', target, '--features', features, '--prefix', 'none');
  // A line is “name v1.2.3”, with more behind it.
  const reached = new Set(tree.split('\n').map((line) => line.split(' ', 2).join(' ')));
  const { packages } = JSON.parse(cargo('metadata', '--format-version', '1', '--filter-platform', target));
  return packages.filter(({ name, version, source }) => source !== null && reached.has(`${name} v${version}`));
}

/** Crates that Rust's standard library is compiled from. All have the licence MIT OR Apache-2.0. */
const cratesOfStd = ['dlmalloc', 'hashbrown', 'rustc-demangle'];

/** The path of a source that a WebAssembly file holds for its panics, with the name and the version of its crate. */
const source = /\b([a-z][\w-]*)-(\d+\.\d+\.\d+(?:\+[\w.]+)?)\/src\//g;

/** Returns the crates that a WebAssembly file names, each as `{ name, version, ofStd }`. */
export function cratesInside(bytes) {
  const found = bytes.toString('latin1').matchAll(source);
  return [...found].map(([, name, version]) => ({ name, version, ofStd: cratesOfStd.includes(name) }));
}

function cargo(command, ...options) {
  return execFileSync('cargo', [command, '--locked', ...options], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
