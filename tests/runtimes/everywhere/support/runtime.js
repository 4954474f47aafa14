import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { bitsOf, logitsByIndex } from '../../../support/asserts/bits.js';
import { bgeSmallFolder } from '../../../support/models/bge-small.js';
import { publishedQueries } from '../../../support/models/mini.js';
import { useProject } from '../../../support/programs/packed.js';
import { startHub } from '../../../support/servers/hub.js';

const tests = fileURLToPath(new URL('../../..', import.meta.url));
export const limitMilliseconds = 600_000;

const rooms = ['edge', 'embedder', 'engine', 'instance', 'opening', 'reranker', 'workers'];
const files = ['runtimes/node', ...rooms.map((room) => `unit/${room}`)].flatMap((folder) => {
  const names = readdirSync(join(tests, folder)).filter((name) => name.endsWith('.test.js'));
  return names.sort().map((name) => `./${folder}/${name}`);
});

const secondStart = `
  import { createReranker, listCache } from 'rerank-wasm';
  const warnings = [];
  const reranker = await createReranker({ model: process.argv[2], onWarning: ({ message }) => warnings.push(message) });
  const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
  await reranker.dispose();
  const order = results.map(({ index }) => index).join();
  console.log(\`\${order}; \${(await listCache()).length} files, \${warnings.join() || 'no warning'}\`);
`;

function start({ command }, parameters, options = {}) {
  const env = { ...process.env, NO_COLOR: '1' };
  return spawnSync(command, parameters, {
    encoding: 'utf8',
    timeout: limitMilliseconds,
    maxBuffer: 1 << 26,
    env,
    ...options,
  });
}

/**
 * Declares the tests of a runtime: those of Node that need nothing of Node's own, and what its users do. With the parameters
 * `test` it runs test files. With `careful` it runs a program with the rights that the package needs.
 */
export function testRuntime(name, { test, careful }) {
  const command = fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
  const runtime = { command, careful };

  describe(`the tests of Node in ${name}`, () => {
    for (const file of files) {
      it(`${file} passes`, () => {
        const { status, stdout, stderr } = start(runtime, [...test, file], { cwd: tests });
        assert.equal(status, 0, `${stdout}\n${stderr}`);
      });
    }
  });

  describe(`the installed package in ${name}`, async () => {
    const project = useProject();
    const questions = (await publishedQueries()).map(({ query, documents }) => ({ query, documents }));
    let hub;
    let expected;
    before(async () => {
      cpSync(join(tests, 'support/models/print-logits.mjs'), join(project.directory, 'print-logits.mjs'));
      cpSync(join(tests, 'support/models/print-vectors.mjs'), join(project.directory, 'print-vectors.mjs'));
      writeFileSync(join(project.directory, 'second-start.mjs'), secondStart);
      hub = await startHub();
      expected = logitsIn({ command: process.execPath, careful: [] });
    });
    after(() => hub.close());

    function logitsIn(runtime) {
      const options = { cwd: project.directory, input: JSON.stringify({ questions }) };
      const { stdout, stderr } = start(runtime, [...runtime.careful, 'print-logits.mjs'], options);
      assert.equal(stderr, '');
      return bitsOf(JSON.parse(stdout).flatMap(logitsByIndex));
    }

    it('returns the logits that Node returns, bit for bit, and standard error stays empty', () => {
      assert.deepEqual(logitsIn(runtime), expected);
    });

    it('returns the vectors that Node returns, bit for bit', () => {
      const vectorsIn = ({ command, careful }) => {
        const parameters = [...careful, 'print-vectors.mjs', bgeSmallFolder()];
        const { stdout, stderr } = start({ command }, parameters, { cwd: project.directory });
        assert.equal(stderr, '');
        return JSON.parse(stdout).map(bitsOf);
      };
      assert.deepEqual(vectorsIn(runtime), vectorsIn({ command: process.execPath, careful: [] }));
    });

    for (const [variable, below] of [
      ['XDG_CACHE_HOME', ''],
      ['HOME', '.cache'],
    ]) {
      it(`keeps what it downloads below ${variable}, for the second start`, async () => {
        const root = mkdtempSync(join(tmpdir(), 'rerank-wasm-cache-'));
        const env = { ...process.env, XDG_CACHE_HOME: '', RERANK_WASM_CACHE: '', [variable]: root };
        const options = { cwd: project.directory, env };
        hub.requests.length = 0;
        try {
          for (const requests of [3, 3]) {
            const parameters = [...runtime.careful, 'second-start.mjs', hub.model];
            const { stdout } = await promisify(execFile)(runtime.command, parameters, options);
            assert.equal(stdout, '1,0; 3 files, no warning\n');
            assert.equal(hub.requests.length, requests);
          }
          assert.equal(readdirSync(join(root, below, 'rerank-wasm/models')).length, 6);
        } finally {
          rmSync(root, { recursive: true });
        }
      });
    }
  });
}
