import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pages, read } from './paths.js';
import { mostWords, unclearSentences } from './prose.js';

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
