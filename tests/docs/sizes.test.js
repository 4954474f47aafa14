import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { read, repository } from './paths.js';

const page = read('docs/platforms.md');
const built = join(repository, 'pkg/dist');
const files = readdirSync(built, { recursive: true }).filter((name) => statSync(join(built, name)).isFile());

/** Rounding to one decimal changes a size by 0.05 MB at most. */
const tolerance = 0.06;

/** Returns how many million bytes these files have. */
function megabytes(names) {
  assert.ok(names.length > 0);
  return names.reduce((sum, name) => sum + statSync(join(built, name)).size, 0) / 1e6;
}

/** Returns the first number of the row that begins with this text. */
function shown(row) {
  const line = page.split('\n').find((line) => line.startsWith(`| ${row} |`));
  assert.ok(line, `docs/platforms.md has no row “${row}”`);
  return Number(/\| ([\d.]+) MB/.exec(line)[1]);
}

function near(number, real, what) {
  assert.ok(
    Math.abs(number - real) < tolerance,
    `${what}: ${number} MB in docs/platforms.md, ${real.toFixed(2)} built`,
  );
}

describe('the sizes in docs/platforms.md', () => {
  const engines = files.filter((name) => name.endsWith('.wasm'));

  for (const [row, names] of [
    ['the package, unpacked', files],
    ['JavaScript and types', files.filter((name) => /\.[jt]s$/.test(name))],
    ['the converter, compressed, which only the command line loads', ['cli/convert/converter.wasm.br']],
  ]) {
    it(`are right for ${row.replace(/,.*/, '')}`, () => near(shown(row), megabytes(names), row));
  }

  it('are right for each engine', () => {
    assert.equal(engines.length, 4);
    for (const engine of engines) near(shown('each of the four engines'), megabytes([engine]), engine);
  });

  it('are right for the engine of edge-light, compressed as Vercel counts', () => {
    const [, number] = /of which the engine takes ([\d.]+)/.exec(page);
    near(Number(number), gzipSync(readFileSync(join(built, 'wasm/rerank.wasm')), { level: 9 }).length / 1e6, 'gzip');
  });

  it('would be found if they were wrong', () => {
    assert.throws(() => near(20.4, 21.6, 'the package'), /20\.4 MB in docs\/platforms\.md, 21\.60 built/);
    assert.throws(() => shown('no such row'), /no row “no such row”/);
  });
});
