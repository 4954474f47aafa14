import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { comments } from './comments.js';
import { filesLike, read } from './paths.js';
import { mostWords, unclearSentences } from './prose.js';

const sources = filesLike('*.rs', '*.ts', '*.js', '*.mjs', '*.py', '*.sh');
const unclearComments = (name, source) => comments(name, source).flatMap(unclearSentences);

describe('the comments', () => {
  it('have short, plain sentences', () => {
    assert.ok(sources.length > 300, `${sources.length} files`);
    const found = sources.flatMap((name) => unclearComments(name, read(name)).map((text) => `${name}: ${text}`));
    assert.deepEqual(found, []);
  });

  for (const [name, style, comment] of [
    ['a.rs', '//', (lines) => lines.map((line) => `    // ${line}`)],
    ['a.rs', '///', (lines) => lines.map((line) => `/// ${line}`)],
    ['a.rs', '//!', (lines) => lines.map((line) => `//! ${line}`)],
    ['a.mjs', '//', (lines) => lines.map((line) => `  // ${line}`)],
    ['a.ts', '/** */ on one line', (lines) => [`  /** ${lines.join(' ')} */`]],
    ['a.js', '/** */ on several lines', (lines) => ['/**', ...lines.map((line) => ` * ${line}`), ' */']],
    ['a.py', '#', (lines) => lines.map((line) => `    # ${line}`)],
    ['a.sh', '#', (lines) => ['#!/bin/sh', ...lines.map((line) => `# ${line}`)]],
  ]) {
    it(`that are long or unclear are found in ${name} after ${style}`, () => {
      const count = (...lines) => unclearComments(name, ['', ...comment(lines), 'code', ''].join('\n')).length;
      const half = 'word '.repeat(mostWords / 2).trim();
      assert.equal(count(`One ${half}`, `${half} more.`), 1);
      assert.equal(count('A file', 'whose end is missing.', 'A good file.'), 1);
      assert.equal(count(`One ${half}.`, `${half} more.`), 0);
    });
  }

  it('beside code, and code itself, are not read', () => {
    const long = 'word '.repeat(mostWords + 1);
    for (const [name, source] of [
      ['a.rs', `let one = 1; // ${long}\n#[doc = "${long}"]\n*whose = ${long};`],
      ['a.ts', `const one = 1; // ${long}\nconst text = '/* ${long}';`],
      ['a.sh', `#!/bin/${long}\necho ${long} # ${long}`],
      ['a.py', `#!/usr/bin/${long}\none = 1  # ${long}`],
    ]) {
      assert.deepEqual(comments(name, source), [], name);
    }
  });

  it('are joined only where their lines follow each other, and spans of code in them are one word', () => {
    assert.deepEqual(comments('a.rs', '// One\n// two.\nlet one = 1;\n// Three.'), ['One\ntwo.', 'Three.']);
    assert.deepEqual(unclearComments('a.rs', `// It is \`${'word '.repeat(mostWords)}\`, and \`whose\`.`), []);
  });
});
