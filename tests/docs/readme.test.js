import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { countLines, countWords, firstCodeLine, longestLine, wordsPerSentence } from './markdown.js';
import { read } from './paths.js';

const readme = read('README.md');

function atMost(found, most, what) {
  assert.ok(found <= most, `${what}: ${found}, at most ${most}`);
}

describe('the README', () => {
  it('is a page', () => {
    atMost(countLines(readme), 130, 'lines');
    atMost(countWords(readme), 950, 'words outside code blocks');
    atMost(wordsPerSentence(readme), 14, 'words a sentence');
    atMost(longestLine(readme), 200, 'characters of a line outside tables and code blocks');
    atMost(firstCodeLine(readme), 25, 'line of the first code');
  });

  it('is the same on npm', () => {
    assert.equal(read('pkg/README.md'), readme, 'cp README.md pkg/README.md');
  });

  it('has no link that npm cannot follow', () => {
    assert.doesNotMatch(readme, /\]\((?!https:\/\/)|(?:src|srcset|href)="(?!https:\/\/)/);
  });

  it('names the packages as npm knows them', () => {
    const names = ['pkg/package.json', 'pkg/mini/package.json'].map((path) => JSON.parse(read(path)).name);
    assert.ok(readme.includes(`\`npm install ${names.join(' ')}\``));
  });
});
