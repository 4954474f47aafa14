import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { installedNodes } from '../support/programs/nodes.js';
import { runFiles } from '../support/programs/runner.js';

const files = {
  'mixed.test.js': `
    describe('a suite', () => {
      it('passes', () => {});
      it('fails', () => { throw new Error('on purpose'); });
      it('is skipped', { skip: true }, () => {});
    });`,
  'late.test.js': `
    it('passes', () => {});
    after(() => setTimeout(() => { throw new Error('on purpose, too late'); }, 10));`,
  'empty.test.js': '',
};

describe('the runner of the tests', () => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), `import { after, describe, it } from 'node:test';\n${text}\n`);
    }
  });
  after(() => rm(folder, { recursive: true }));

  for (const { path, version } of installedNodes()) {
    it(`counts tests, and fails a file that throws after its tests or has none, in Node ${version}`, async () => {
      const [mixed, late, empty] = Object.keys(files).map((name) => join(folder, name));
      const { failures, ...counts } = await runFiles(path, [mixed, late, empty], { concurrency: 2, quiet: true });
      assert.deepEqual(counts, { passed: 2, failed: 3, skipped: 1 });
      const [noTest, afterwards, failed] = failures.sort();
      assert.equal(noTest, `${empty} has no test; write one or delete the file.`);
      assert.equal(afterwards, `${late} ended with 1, although none of its tests failed.`);
      assert.match(failed, /^a suite › fails\n {2}Error: on purpose\n/);
    });
  }
});
