import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startHub } from '../../support/servers/hub.js';
import { usePrograms } from './support/programs.js';

describe('a project that is tested with Jest', () => {
  const jest = usePrograms({ template: fileURLToPath(new URL('projects/jest', import.meta.url)) });
  let hub;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub?.close());

  for (const environment of ['node', 'jsdom']) {
    it(`ranks in the environment ${environment}, with files from disk, hub and cache`, async () => {
      hub.requests.length = 0;
      const env = {
        ...process.env,
        HUB: hub.model,
        CACHE: jest.path('kept'),
        NODE_OPTIONS: '--experimental-vm-modules',
      };
      const program = jest.path('node_modules/.bin/jest');
      const words = [program, '--selectProjects', environment];
      const { stderr } = await promisify(execFile)(process.execPath, words, { cwd: jest.path(), env });
      assert.match(stderr, /Tests: +3 passed, 3 total/);
      assert.equal(hub.requests.length, 3, 'the second load of the hub’s model reads the cache');
      rmSync(jest.path('kept'), { recursive: true });
    });
  }
});
