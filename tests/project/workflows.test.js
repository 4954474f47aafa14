import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { validateWorkflow } from '@action-validator/core';

const folder = new URL('../../.github/workflows/', import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');

/** Returns the errors that the schema of GitHub's workflows finds in a text. */
const faults = (text) => validateWorkflow(text).errors;

describe('the workflows', () => {
  for (const name of readdirSync(folder)) {
    it(`has no fault in ${name}`, () => assert.deepEqual(faults(read(name)), []));
  }

  it('run what .ci/run runs, and publish with provenance', () => {
    assert.match(read('ci.yml'), /^ +- run: \.ci\/run$/m);
    assert.match(read('release.yml'), /^ +- run: \.ci\/run$/m);
    assert.match(read('release.yml'), /npm publish .*--provenance/);
    assert.match(read('release.yml'), /^ +id-token: write/m);
  });

  for (const [what, from, to] of [
    ['a misspelt key', 'runs-on:', 'run-on:'],
    ['a permission that there is not', 'contents: read', 'contents: maybe'],
    ['a step that does nothing', '- run: .ci/run', '- name: nothing'],
    ['a job that needs another one', 'timeout-minutes:', 'needs: build\n    timeout-minutes:'],
    ['broken YAML', 'jobs:', 'jobs: ['],
  ]) {
    it(`would have a fault with ${what}`, () => {
      const changed = read('ci.yml').replace(from, to);
      assert.notEqual(changed, read('ci.yml'));
      assert.notDeepEqual(faults(changed), []);
    });
  }
});
