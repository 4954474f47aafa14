// published-files.mjs: writes the lists of the files that npm would publish, which a test compares: tests/fixtures/published.
// It needs the built package.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = new URL('../', import.meta.url);

/** The folder of each package by its name. */
export const packages = { 'rerank-wasm': 'pkg', 'rerank-wasm-mini': 'pkg/mini' };

/** Where the list of a package is kept, one path a line. */
export const listOf = (name) => new URL(`tests/fixtures/published/${name}.txt`, repository);

/** The paths that `npm publish` would take from a folder, sorted. */
export function publishedFiles(folder) {
  const cwd = fileURLToPath(new URL(folder, repository));
  const output = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [{ files }] = JSON.parse(output);
  return files.map(({ path }) => path).sort();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!existsSync(new URL('pkg/dist/index.js', repository))) {
    throw new Error('pkg/dist has no package to list: run make build first');
  }
  for (const [name, folder] of Object.entries(packages)) {
    writeFileSync(
      listOf(name),
      publishedFiles(folder)
        .map((path) => `${path}\n`)
        .join(''),
    );
  }
}
