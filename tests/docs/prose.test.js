import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cells, countWords, sentences } from './markdown.js';
import { pages, read } from './paths.js';

const mostWords = 25;
const unclear = /\b(?:whose|nobody|whoever|of (?:its|their|your) own|(?:is|are) told|to be had|at hand)\b/i;

/** Returns the sentences that are too long, and the sentences and cells of tables that hide who does what. */
function unclearSentences(markdown) {
  const all = sentences(markdown);
  const long = all.filter((sentence) => countWords(sentence) > mostWords);
  return [...long, ...[...all, ...cells(markdown)].filter((text) => unclear.test(text))];
}

describe('the prose', () => {
  for (const page of pages) {
    it(`of ${page} has short, plain sentences`, () => assert.deepEqual(unclearSentences(read(page)), []));
  }

  it('that is long or unclear is found', () => {
    assert.equal(unclearSentences(`One${' more'.repeat(mostWords)} word.`).length, 1);
    assert.equal(unclearSentences('It has a name of its own. It has a name.').length, 1);
    assert.deepEqual(unclearSentences('| a model | |\n| --- | --- |\n| whose file | one that is large |\n'), [
      'whose file',
    ]);
    assert.equal(unclearSentences(`Few words.\n\n- One${' more'.repeat(mostWords - 1)}.`).length, 0);
  });
});
