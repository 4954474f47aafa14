import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { installedNodes } from '../support/programs/nodes.js';
import { pack } from '../support/programs/packed.js';
import { startHub } from '../support/servers/hub.js';

const yarn = fileURLToPath(new URL('../../node_modules/@yarnpkg/cli-dist/bin/yarn.js', import.meta.url));

/** Ranks with the small model or one at a URL, and prints the order, the threads, the kept files and the warnings. */
const program = `
  import { createReranker, directoryCache, listCache } from 'rerank-wasm';
  import mini from 'rerank-wasm-mini';
  const [model, threads = '1'] = process.argv.slice(2);
  const told = [];
  const reranker = await createReranker({
    model: model === 'mini' ? mini : model,
    threads: Number(threads),
    cache: directoryCache('kept'),
    onWarning: ({ code, message }) => told.push(code + message),
  });
  const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
  const statistics = await reranker.statistics();
  await reranker.dispose();
  const kept = await directoryCache('kept').list();
  console.log(JSON.stringify([results.map(({ index }) => index), statistics.threads, kept.length, told]));
`;

describe('the packages after yarn install, with Plug’n’Play', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rerank-wasm-yarn-'));
  let hub;
  before(async () => {
    hub = await startHub();
    const [code, mini] = pack(directory).map((path) => `file:./${basename(path)}`);
    const dependencies = { 'rerank-wasm': code, 'rerank-wasm-mini': mini };
    const off = ['enableTelemetry', 'enableGlobalCache', 'enableNetwork', 'enableImmutableInstalls'];
    const settings = ['nodeLinker: pnp', ...off.map((name) => `${name}: false`)];
    const files = {
      'package.json': JSON.stringify({ name: 'project', private: true, type: 'module', dependencies }),
      '.yarnrc.yml': `${settings.join('\n')}\n`,
      'yarn.lock': '',
      'rank.js': program,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    execFileSync(process.execPath, [yarn, 'install'], { cwd: directory, stdio: 'pipe' });
    assert.ok(!readdirSync(directory).includes('node_modules'));
  });
  after(async () => {
    await hub?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function ranks(node, ...words) {
    const { stdout } = await promisify(execFile)(node, [yarn, 'node', 'rank.js', ...words], { cwd: directory });
    return JSON.parse(stdout);
  }

  for (const { path, version } of installedNodes()) {
    it(`ranks with files from the disk and two threads in Node ${version}`, async () => {
      assert.deepEqual(await ranks(path, 'mini', '2'), [[1, 0], 2, 0, []]);
    });

    it(`keeps what it downloads in a directory, for the second start, in Node ${version}`, async () => {
      hub.requests.length = 0;
      for (let start = 1; start <= 2; start += 1) {
        assert.deepEqual(await ranks(path, hub.model), [[1, 0], 1, 3, []]);
        assert.equal(hub.requests.length, 3, `start ${start}`);
      }
      rmSync(join(directory, 'kept'), { recursive: true });
    });
  }
});
