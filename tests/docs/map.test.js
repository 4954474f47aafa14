import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';

import { codeBlocks, codeSpans } from './markdown.js';
import { read, repository } from './paths.js';

const map = read('docs/architecture.md');
const spans = new Set(codeSpans(map));
const below = (folder) => readdirSync(join(repository, folder), { withFileTypes: true });

/** Paths that a build makes. */
const made = new Set(['dist/wasm', 'dist/wasm/']);

/** Folders that the map's paths start from. */
const starts = ['', 'pkg/src', 'src'];

/** Tells whether a path of the map is a file or folder. The map may leave endings out. */
function exists(path) {
  return starts.some((start) =>
    ['', '.ts', '.rs'].some((ending) => existsSync(join(repository, start, path + ending))),
  );
}

/** Returns the folders at any depth that hold files, as the map writes them. */
function foldersOf(root) {
  const entries = readdirSync(root, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const parents = entries.map(({ parentPath, path }) => relative(root, parentPath ?? path));
  return [...new Set(parents)].filter((path) => path !== '').map((path) => `${path.split(sep).join('/')}/`);
}

/** Returns the texts that are paths. */
function pathsAmong(texts) {
  return texts.filter((text) => /^[\w.-]+(?:\/[\w.-]+)*\/?$/.test(text) && /[/]|\.(?:rs|ts|js)$/.test(text));
}

describe('the map in docs/architecture.md', () => {
  for (const folder of ['pkg/src', 'src']) {
    it(`has every room of ${folder}, and every folder inside a room`, () => {
      const files = below(folder).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
      const folders = foldersOf(join(repository, folder));
      assert.ok(folders.length > 12, `${folders}`);
      const unnamed = [...files, ...folders].filter((room) => room !== 'lib.rs' && !spans.has(room));
      assert.deepEqual(unnamed, []);
    });
  }

  it('has no room and no file that is not there', () => {
    const paths = pathsAmong([...spans]);
    assert.ok(paths.length > 40, `${paths.length} paths`);
    assert.deepEqual(
      paths.filter((path) => !made.has(path) && !exists(path)),
      [],
    );
    assert.ok(!exists('engine/none'));
  });

  it('has no file in its picture that is not there', () => {
    const [{ code }] = codeBlocks(map);
    const labels = [...code.matchAll(/"([^"]+)"/g)].map(([, label]) => label);
    const paths = pathsAmong(labels.flatMap((label) => label.split(/[\s()]+/)));
    assert.ok(paths.length >= 6, `${paths.length} paths`);
    assert.deepEqual(
      paths.filter((path) => !exists(path)),
      [],
    );
  });
});
