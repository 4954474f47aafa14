import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

import { anchors, codeSpans, linkTargets } from './markdown.js';
import { pages, read, repository } from './paths.js';

const home = 'https://github.com/rerank-wasm/rerank-wasm';
const raw = 'https://raw.githubusercontent.com/rerank-wasm/rerank-wasm/main/';

/** Folders that a page names from the root of the repository. */
const rooted = /^(?:\.github|bench|docs|examples|fuzz|models|pkg|scripts|src|tests|www)\//;

/** Paths that a build or an install makes. */
const made = /^(?:pkg\/(?:mini\/)?dist|node_modules)(?:\/|$)/;

/** Expands `a/{b,c}` to `a/b` and `a/c`. */
function expanded(path) {
  const [, before, choices, after] = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split(',').flatMap((choice) => expanded(before + choice + after));
}

/** Returns the paths that a page names from the root. A pattern is cut before its first star. */
export function namedPaths(markdown) {
  return codeSpans(markdown)
    .filter((span) => rooted.test(span) && /^[\w@./{},*-]+$/.test(span) && !made.test(span))
    .flatMap((span) => expanded(span))
    .map((path) => (path.includes('*') ? dirname(`${path.slice(0, path.indexOf('*'))}x`) : path));
}

/** Returns the fault of a link; undefined if the link leads somewhere. */
function problemOf(page, target) {
  const inRepository = [`${home}/blob/main/`, `${home}/tree/main/`, raw].find((start) => target.startsWith(start));
  const [path, anchor] = inRepository
    ? target.slice(inRepository.length).split('#')
    : relativeTarget(page, target).split('#');
  if (/^https?:/.test(path))
    return path.startsWith(home) && !isKnown(path) ? `${target}: not a page of ${home}` : undefined;
  const file = join(repository, path);
  if (!existsSync(file)) return `${target}: there is no ${path}`;
  if (anchor === undefined || statSync(file).isDirectory()) return undefined;
  return anchors(readFileSync(file, 'utf8')).includes(anchor) ? undefined : `${target}: ${path} has no such heading`;
}

function relativeTarget(page, target) {
  if (/^[a-z]+:/i.test(target)) return target;
  return target.startsWith('#') ? page + target : join(dirname(page), target);
}

function isKnown(url) {
  return [home, `${home}.git`].includes(url) || /\/(?:commits|issues|releases)(?:\/|$)/.test(url.slice(home.length));
}

describe('links', () => {
  for (const page of pages) {
    it(`of ${page} lead to files and headings`, () => {
      const problems = linkTargets(read(page)).map((target) => problemOf(page, target));
      assert.deepEqual(
        problems.filter((problem) => problem !== undefined),
        [],
      );
    });

    it(`of ${page} aside, the paths that it names exist`, () => {
      const missing = namedPaths(read(page)).filter((path) => !existsSync(join(repository, path)));
      assert.deepEqual(missing, []);
    });
  }

  it('that lead nowhere are found', () => {
    const nowhere = [
      'no-such-page.md',
      `${home}/blob/main/none.md`,
      `${raw}none.png`,
      '#no-such-heading',
      `${home}/none`,
    ];
    for (const target of nowhere) assert.ok(problemOf('README.md', target), target);
    for (const target of ['CONTRIBUTING.md#words', `${home}/blob/main/LICENSE-MIT`, 'https://example.org/none']) {
      assert.equal(problemOf('README.md', target), undefined, target);
    }
  });

  it('are not all that is looked at: paths in backticks are', () => {
    const named = namedPaths('`src/{lib,none}.rs`, `tests/*.rs`, `pkg/dist/x.js`, `npm test`, `docs/a.md`');
    assert.deepEqual(named, ['src/lib.rs', 'src/none.rs', 'tests', 'docs/a.md']);
    assert.ok(existsSync(join(repository, 'src/lib.rs')) && !existsSync(join(repository, 'src/none.rs')));
    assert.equal(relative(repository, join(repository, 'docs')), 'docs');
  });
});
