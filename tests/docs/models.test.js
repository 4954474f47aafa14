import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { knownModels } from '#internal/cli/known-models.js';
import { parseHubName } from '#internal/files/hub/name.js';
import { read } from './paths.js';

const page = read('docs/models-and-cache.md');

/** Returns the cells of the rows of the table that begins with this head. */
function rowsOf(markdown, head) {
  const lines = markdown.slice(markdown.indexOf(head)).split('\n').slice(2);
  const rows = lines.slice(0, lines.indexOf('')).map((line) => line.split('|').slice(1, -1));
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

describe('the rerankers that people use', () => {
  it('are the same in docs/models-and-cache.md and on the command line', () => {
    const expected = knownModels.map(({ id, convertedFrom, licence, languages, tokens, file, megabytes }) => [
      `\`${id}\``,
      convertedFrom ? `a conversion of \`${convertedFrom}\`` : 'its authors',
      licence,
      languages,
      tokens.toLocaleString('en'),
      `\`${file}\``,
      `${megabytes} MB`,
    ]);
    assert.deepEqual(rowsOf(page, '| `model` | published by'), expected);
  });

  it('have names of repositories, each once', () => {
    const ids = knownModels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      ids.filter((id) => !parseHubName(id)),
      [],
    );
  });

  it('are those that the README recommends', () => {
    const named = [...read('README.md').matchAll(/\| `'([\w.-]+\/[\w.-]+)'`/g)].map(([, id]) => id);
    assert.ok(named.length >= 2, `${named}`);
    assert.deepEqual(
      named.filter((name) => !knownModels.some(({ id }) => id === name)),
      [],
    );
  });
});
