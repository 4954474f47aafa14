import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { engineCrates } from '../../scripts/engine-crates.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const cratesIo = 'registry+https://github.com/rust-lang/crates.io-index';

/** Licences that ask for no more than their text, and allow the engines to be published under ours. */
const permitted = new Set(['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSL-1.0', 'Unicode-3.0', 'Unlicense', 'Zlib']);

const published = ['pkg', 'pkg/mini', 'pkg/recall'];

function git(...parameters) {
  return execFileSync('git', parameters, { cwd: repository, encoding: 'utf8' }).trim().split('\n');
}

function read(path) {
  return readFileSync(`${repository}/${path}`, 'utf8');
}

/** True if an SPDX expression, or its older form with a slash, can be met by permitted licences. */
function isPermitted(expression) {
  const words = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g);
  const either = () => {
    let met = both();
    while (words[0] === 'OR') {
      words.shift();
      met = both() || met;
    }
    return met;
  };
  const both = () => {
    let met = one();
    while (words[0] === 'AND') {
      words.shift();
      met = one() && met;
    }
    return met;
  };
  const one = () => {
    const word = words.shift();
    if (word !== '(') return permitted.has(word);
    const met = either();
    words.shift();
    return met;
  };
  return either() && words.length === 0;
}

describe('what the packages are made of', () => {
  it('comes from crates.io, with a checksum', () => {
    const files = git('ls-files', 'Cargo.lock', '*/Cargo.lock');
    assert.ok(files.length >= 3);
    for (const file of files) {
      for (const entry of read(file).split('[[package]]').slice(1)) {
        const [, name] = /name = "(.*)"/.exec(entry);
        const [, source] = /source = "(.*)"/.exec(entry) ?? [];
        if (source === undefined) continue;
        assert.equal(source, cratesIo, `${file}: ${name}`);
        assert.match(entry, /checksum = "[0-9a-f]{64}"/, `${file}: ${name}`);
      }
    }
  });

  it('has licences that allow it', () => {
    const crates = engineCrates({ macros: true });
    assert.ok(crates.length > 50, `${crates.length} crates`);
    const refused = crates.filter(({ license }) => !isPermitted(license ?? '-'));
    assert.deepEqual(
      refused.map(({ name, license }) => `${name}: ${license}`),
      [],
    );
  });

  it('is read as SPDX has it', () => {
    for (const expression of ['MIT', 'GPL-3.0 OR MIT', 'MIT/GPL-3.0', '(GPL-3.0 OR MIT) AND Zlib', 'Apache-2.0 / MIT'])
      assert.ok(isPermitted(expression), expression);
    for (const expression of ['GPL-3.0', '-', 'MIT AND GPL-3.0', 'MIT WITH x AND GPL-3.0', '(MIT OR Zlib) AND GPL-3.0'])
      assert.ok(!isPermitted(expression), expression);
  });
});

describe('the packages of npm', () => {
  for (const folder of published) {
    it(`run nothing when ${folder} is installed, and bring no other package`, () => {
      const {
        scripts = {},
        peerDependencies = {},
        peerDependenciesMeta = {},
        ...others
      } = JSON.parse(read(`${folder}/package.json`));
      assert.deepEqual(Object.keys(scripts), []);
      const { dependencies, optionalDependencies, bundleDependencies } = others;
      assert.deepEqual([dependencies, optionalDependencies, bundleDependencies], [undefined, undefined, undefined]);
      const required = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
      assert.deepEqual(
        required.filter((name) => name !== 'rerank-wasm'),
        [],
      );
    });
  }
});
