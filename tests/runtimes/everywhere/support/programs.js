import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach } from 'node:test';

import { useProject } from '../../../support/programs/packed.js';

const startMilliseconds = 120_000;
const env = {
  ...process.env,
  NEXT_TELEMETRY_DISABLED: '1',
  WRANGLER_SEND_METRICS: 'false',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
};

/** Makes a project as `useProject` does, with functions that run its programs. Each test's servers close after it. */
export function usePrograms(options) {
  const project = useProject(options);
  const open = [];
  afterEach(async () => {
    for (const { close } of open.splice(0).reverse()) await close();
  });

  const path = (...names) => join(project.directory, ...names);
  const program = (name) => path('node_modules/.bin', name);

  return {
    path,
    /** Runs a program of the project to its end. Returns its output. */
    runs(name, ...parameters) {
      const options = { cwd: project.directory, env, encoding: 'utf8' };
      const { status, stdout, stderr } = spawnSync(process.execPath, [program(name), ...parameters], options);
      assert.equal(status, 0, `${stdout}\n${stderr}`);
      return stdout;
    },
    /** Starts a server of the project. Returns the URL that the server prints. */
    async starts(name, ...parameters) {
      const child = spawn(process.execPath, [program(name), ...parameters], {
        cwd: project.directory,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close');
      open.push({ close: () => child.kill() && closed });
      let output = '';
      const signal = AbortSignal.timeout(startMilliseconds);
      for (;;) {
        const [chunk] = await once(child.stdout, 'data', { signal });
        output += chunk;
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
        if (url && /ready/i.test(output)) return url;
      }
    },
    later: (closable) => open.push(closable),
  };
}
