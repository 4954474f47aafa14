import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { countWords, sentences } from './markdown.js';
import { read, repository } from './paths.js';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(repository, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const mostWords = 25;
const unclear = /\b(?:whose|nobody|whoever|of (?:its|their|your) own|(?:is|are) told|to be had|at hand)\b/i;

/** Returns the sentences that are too long or hide who does what. */
function unclearSentences(markdown) {
  return sentences(markdown).filter((sentence) => countWords(sentence) > mostWords || unclear.test(sentence));
}

describe('the prose', () => {
  for (const page of pages) {
    it(`of ${page} has short, plain sentences`, () => assert.deepEqual(unclearSentences(read(page)), []));
  }

  it('that is long or unclear is found', () => {
    assert.equal(unclearSentences(`One${' more'.repeat(mostWords)} word.`).length, 1);
    assert.equal(unclearSentences('It has a name of its own. It has a name.').length, 1);
    assert.equal(unclearSentences(`Few words.\n\n- One${' more'.repeat(mostWords - 1)}.`).length, 0);
  });
});
