import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { filesLike, read } from './paths.js';

const sources = filesLike('*.rs', '*.ts', '*.js', '*.mjs', '*.py', '*.sh', '*.html', '*.jsonc', '*.yml', '*.md');

/** The page that says which words are not used, and this file. */
const lists = ['CONTRIBUTING.md', 'tests/docs/words.test.js'];

/** Returns the files that use a word, also as a part of a name. */
function filesWith(word) {
  const pattern = new RegExp(word, 'i');
  return sources.filter((name) => !lists.includes(name) && pattern.test(read(name)));
}

describe('the words of CONTRIBUTING.md', () => {
  it('have no other name for an engine', () => {
    const [, instead] = /^\| engine \| [^|]* \| ([^|]*) \|$/m.exec(read('CONTRIBUTING.md'));
    assert.deepEqual(instead.split(', '), ['runtime', 'artifact']);
    // The other word means something else here: Node and workerd are runtimes.
    assert.deepEqual(filesWith('artifact'), []);
    assert.ok(filesWith('engine').length > 50);
  });
});
