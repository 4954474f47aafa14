import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

export const cache =
  process.env.RERANK_WASM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rerank-wasm');

/** The stand-in as Hugging Face lays a model out; scripts/bench.sh links it together. */
export const standin = join(cache, 'bench-model', 'standin');

export const mini = join(repository, 'pkg', 'mini');

/** The engine's builds that this checkout has, by the name that results carry. */
export const artifacts = Object.fromEntries(
  Object.entries({ relaxed: 'rerank-relaxed.wasm', simd128: 'rerank.wasm' })
    .map(([name, file]) => [name, join('pkg', 'dist', 'wasm', file)])
    .filter(([, file]) => existsSync(join(repository, file))),
);

/** The one that a current browser gets. */
export const preferred = artifacts.relaxed ? 'relaxed' : 'simd128';

const require = createRequire(import.meta.url);

/** The directory of an installed package, as seen from `from`. */
export function packageDirectory(name, from = repository) {
  const entry = require.resolve(name, { paths: [from, join(repository, 'bench')] });
  const end = entry.lastIndexOf(join('node_modules', name));
  return join(entry.slice(0, end), 'node_modules', name);
}

/** A Node that has relaxed SIMD: the one that npm installed. */
export const node = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), 'bin', 'node');
