// The crates that the engines and the converter are made of.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));

/**
 * Returns the crates that an engine or the converter is compiled from, as `cargo metadata` describes them. It leaves out
 * ours, and the dependencies of build scripts and of other platforms. `macros` says whether procedural macros count, with
 * their dependencies: their code does not get into an engine.
 */
export function engineCrates({ macros }) {
  const options = ['--locked', '--format-version', '1', '--filter-platform', 'wasm32-unknown-unknown'];
  const text = execFileSync('cargo', ['metadata', ...options], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { packages, resolve } = JSON.parse(text);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const isMacro = new Map(
    packages.map(({ id, targets }) => [id, targets.some(({ kind }) => kind.includes('proc-macro'))]),
  );
  const reached = new Set([resolve.root]);
  for (const id of reached) {
    const links = nodes.get(id).deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    for (const { pkg } of links) if (macros || !isMacro.get(pkg)) reached.add(pkg);
  }
  return packages.filter(({ id, source }) => reached.has(id) && source !== null);
}
