import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  anchors,
  cells,
  codeBlocks,
  codeSpans,
  countLines,
  countWords,
  firstCodeLine,
  linkTargets,
  longestLine,
  sentences,
  wordsPerSentence,
} from './markdown.js';

const page = `# A title

<picture>
  <img src="a.png" alt="not read">
</picture>

One two \`three\`, [four five](https://example.org/six). Seven
eight: nine.

- **Ten.** Eleven twelve.
- thirteen – fourteen

| head | er |
| --- | --- |
| a cell that is much longer than any other line of this page | [cell](docs/cell.md) |

\`\`\`js
const code = 'which is longer than any line of prose in this page and has words';
\`\`\`

[ref]: https://example.org/ref
`;

describe('what the README is measured by', () => {
  it('counts the words outside code blocks, with headings and tables, without targets and marks', () => {
    assert.equal(countWords('# A title\n\nOne two.\n'), 4);
    assert.equal(countWords('| a | b |\n| --- | --- |\n| c d | e |\n'), 5);
    assert.equal(countWords('a [b c](https://example.org/d-e) `f`\n'), 4);
    assert.equal(countWords('a\n```js\nb c d\n```\ne\n'), 2);
    assert.equal(countWords('<img src="x.png"\n  alt="b c"> a\n'), 1);
    assert.equal(countWords('a – b · c\n'), 3);
  });

  it('finds the sentences of paragraphs and list items', () => {
    assert.deepEqual(
      sentences(page)
        .slice(0, 4)
        .map((sentence) => sentence.replace(/\s+/g, ' ')),
      ['One two three , four five.', 'Seven eight: nine.', 'Ten Eleven twelve.', 'thirteen – fourteen'],
    );
    assert.equal(wordsPerSentence('One two three. Four!\n\nFive six\nseven eight?\n'), 8 / 3);
    assert.equal(wordsPerSentence('One two three\n```js\nno. sentence.\n```\n'), 3);
    assert.equal(wordsPerSentence('One 1.5 two, e.g.this.\n'), 4);
  });

  it('finds the cells of tables', () => {
    assert.deepEqual(cells('| a | `b` |\n| --- | :-: |\n| [c](d.md) | |\n\nno cell\n```\n| code |\n```\n'), [
      'a',
      'b',
      'c',
    ]);
  });

  it('finds the longest line outside tables and code blocks', () => {
    assert.equal(longestLine(page), 'One two `three`, [four five](https://example.org/six). Seven'.length);
    assert.equal(longestLine('a\n\nbcd\n'), 3);
  });

  it('finds the first line of code and all blocks', () => {
    assert.equal(firstCodeLine(page), 18);
    assert.equal(firstCodeLine('no code\n'), Number.POSITIVE_INFINITY);
    assert.deepEqual(codeBlocks('a\n```sh\nls\npwd\n```\n```\nx\n```\n'), [
      { language: 'sh', line: 2, code: 'ls\npwd' },
      { language: '', line: 6, code: 'x' },
    ]);
  });

  it('counts lines', () => {
    assert.equal(countLines('a\nb\n'), 2);
    assert.equal(countLines('a\n\nb'), 3);
  });

  it('finds links, code spans and anchors', () => {
    assert.deepEqual(linkTargets(page), [
      'a.png',
      'https://example.org/six',
      'docs/cell.md',
      'https://example.org/ref',
    ]);
    assert.deepEqual(linkTargets('[`a`](b.md#c) `[no](link)`\n```\n[code](x)\n```\n'), ['b.md#c']);
    assert.deepEqual(codeSpans('`a` and `b c`\n```\n`d`\n```\n'), ['a', 'b c']);
    assert.deepEqual(anchors('# A title\n## `verify`\n### LangChain.js, or not\n'), [
      'a-title',
      'verify',
      'langchainjs-or-not',
    ]);
  });
});
