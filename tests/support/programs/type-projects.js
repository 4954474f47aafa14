import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const programs = fileURLToPath(new URL('../../package/types', import.meta.url));
const installed = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const asNode = { module: 'NodeNext', moduleResolution: 'NodeNext' };
const asBundlers = { module: 'ESNext', moduleResolution: 'Bundler' };

/** The projects that users have: the types that they compile with, and how they find modules. */
export const typeProjects = [
  { title: 'of Node', lib: [], types: ['node'], programs: ['web'], ...asNode },
  {
    title: 'of Cloudflare',
    lib: [],
    types: ['@cloudflare/workers-types'],
    programs: ['web', 'cloudflare'],
    ...asBundlers,
  },
  { title: 'of browsers', lib: ['DOM'], types: [], programs: ['web', 'browser'], ...asBundlers },
  { title: 'of web workers', lib: ['WebWorker'], types: [], programs: ['web'], ...asBundlers },
  { title: 'of no platform', lib: [], types: [], programs: [], ...asBundlers },
];

/** Puts the programs of `tests/package/types` and the types of the platforms into a project. */
export function prepareTypes(directory) {
  cpSync(programs, directory, { recursive: true });
  for (const name of ['@types/node', '@cloudflare/workers-types']) {
    const path = join(directory, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(installed, name), path);
  }
}

/** Compiles the programs of a project, declarations included, with the compiler at `tsc`. */
export function compileTypes(tsc, directory, { lib, programs, ...options }) {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', ...lib],
    ...options,
    strict: true,
    noUncheckedIndexedAccess: true,
    esModuleInterop: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const files = ['everywhere', ...programs].map((name) => `${name}.ts`);
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' });
  assert.deepEqual([status, stdout], [0, '']);
}
