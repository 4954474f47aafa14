import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useProject } from '../support/programs/packed.js';

for (const [name, folder, recall] of [
  ['for Node', '../../examples/node', false],
  ['that selects tools', '../../examples/tool-selection', false],
  ['that searches with PGlite and pgvector', '../../examples/search-pglite', true],
  ['that searches with Orama', '../../examples/search-orama', true],
]) {
  describe(`the example ${name}`, () => {
    const project = useProject({ template: fileURLToPath(new URL(folder, import.meta.url)), recall });

    it('prints what its README shows', () => {
      const options = { cwd: project.directory, encoding: 'utf8' };
      const [, shown] = /```text\n(.*?)```/s.exec(readFileSync(join(project.directory, 'README.md'), 'utf8'));
      assert.equal(execFileSync('npm', ['start', '--silent'], options), shown);
    });

    if (name.includes('PGlite')) {
      it('finds its database again', () => {
        const options = { cwd: project.directory, encoding: 'utf8' };
        const [first, second] = [1, 2].map(() => execFileSync('node', ['index.js', './notes'], options));
        assert.match(first, /^billing: /);
        assert.equal(second, first);
      });
    }
  });
}
