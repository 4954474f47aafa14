import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useProject } from '../support/programs/packed.js';

for (const [name, template] of [
  ['for Node', new URL('../../examples/node', import.meta.url)],
  ['that selects tools', new URL('../../examples/tool-selection', import.meta.url)],
]) {
  describe(`the example ${name}`, () => {
    const project = useProject({ template: fileURLToPath(template) });

    it('prints what its README shows', () => {
      const options = { cwd: project.directory, encoding: 'utf8' };
      const [, shown] = /```text\n(.*?)```/s.exec(readFileSync(join(project.directory, 'README.md'), 'utf8'));
      assert.equal(execFileSync('npm', ['start', '--silent'], options), shown);
    });
  });
}
