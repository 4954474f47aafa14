import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));

export const cache =
  process.env.RERANK_WASM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rerank-wasm');

/** The models in Hugging Face's layout. scripts/bench.sh links their files. */
export const modelsFolder = join(cache, 'bench-model');

/** The stand-in of bge-reranker-base. */
export const standin = join(modelsFolder, 'standin');

export const mini = join(repository, 'pkg', 'mini');

/** The engines that this checkout has, by their names in the results. */
export const engines = Object.fromEntries(
  Object.entries({ relaxed: 'rerank-relaxed.wasm', simd128: 'rerank.wasm' })
    .map(([name, file]) => [name, join('pkg', 'dist', 'wasm', file)])
    .filter(([, file]) => existsSync(join(repository, file))),
);

/** A current browser starts this engine. */
export const preferred = engines.relaxed ? 'relaxed' : 'simd128';

const require = createRequire(import.meta.url);

/** Returns the directory of an installed package, as `from` resolves it. */
export function packageDirectory(name, from = repository) {
  const entry = require.resolve(name, { paths: [from, join(repository, 'bench')] });
  const end = entry.lastIndexOf(join('node_modules', name));
  return join(entry.slice(0, end), 'node_modules', name);
}

/** The Node that npm installed, which has relaxed SIMD. */
export const node = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), 'bin', 'node');
