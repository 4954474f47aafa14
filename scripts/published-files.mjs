// published-files.mjs: writes the lists of the files that npm would publish to tests/fixtures/published. A test compares
// them with the package. The script needs the built package.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = new URL('../', import.meta.url);

/** The folder of each package by its name. */
export const packages = { 'rerank-wasm': 'pkg', 'rerank-wasm-mini': 'pkg/mini', 'rerank-wasm-recall': 'pkg/recall' };

/** Returns where the list of a package lies. It has one path a line. */
export const listOf = (name) => new URL(`tests/fixtures/published/${name}.txt`, repository);

/** Returns the paths that `npm publish` would upload from a folder, sorted. */
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
    throw new Error('pkg/dist holds no built package to list; run make build first.');
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
