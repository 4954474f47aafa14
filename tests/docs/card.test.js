import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { read } from './paths.js';

const recipe = read('models/mini/recipe/card.py');
const [, introduction] = /_INTRODUCTION = """([\s\S]*?)"""/.exec(recipe);

/** Makes a pattern of the recipe's text: digits stand for the names in braces. */
function patternOf(text) {
  const parts = text.split(/\{[a-z_]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('\\d+')}`);
}

describe("the small model's card", () => {
  it('begins with what its recipe writes', () => {
    assert.match(read('pkg/mini/README.md'), patternOf(introduction));
    assert.doesNotMatch('It has many MB', patternOf('It has {megabytes} MB'));
    assert.match('It has 27 MB', patternOf('It has {megabytes} MB'));
  });

  it('has the sentences that its recipe always writes', () => {
    const fixed = [...recipe.matchAll(/^ {8}"((?:[^"\\]|\\.)+)",$/gm)].map(([, line]) => line);
    assert.ok(fixed.length > 10, `${fixed.length} lines`);
    const card = read('pkg/mini/README.md').split('\n');
    assert.deepEqual(
      fixed.filter((line) => !card.includes(line)),
      [],
    );
  });
});
