import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { miniDirectory } from '../support/paths.js';

const script = fileURLToPath(new URL('../../scripts/demo.sh', import.meta.url));
const samples = JSON.parse(await readFile(new URL('../../www/samples.json', import.meta.url), 'utf8'));

/** Runs the demo as `make demo` does. */
async function demo({ QUERY = '', FILE = '', MODEL = '' }) {
  const child = spawn(script, { env: { ...process.env, QUERY, FILE, MODEL }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, errors, code };
}

describe('the demo', () => {
  it('ranks its sample queries, a passage that answers first', async () => {
    const { output, errors, code } = await demo({});
    assert.equal(code, 0, errors);
    for (const { text } of samples.queries) assert.ok(errors.includes(text), errors);
    const rows = output.trimEnd().split('\n');
    assert.equal(rows.length, 8 * samples.queries.length);
    for (const [index, { id }] of samples.queries.entries()) {
      const [, , best] = rows[8 * index].split('\t');
      assert.equal(samples.passages.find(({ text }) => text === best)?.answers, id, best);
    }
  });

  it('ranks the lines of an own file with an own model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    const FILE = join(folder, 'lines.txt');
    await writeFile(FILE, 'A giraffe is tall.\nParis is the capital of France.\n');
    const { output, errors, code } = await demo({ QUERY: 'capital of France', FILE, MODEL: miniDirectory });
    await rm(folder, { recursive: true });
    assert.deepEqual([errors, code], ['', 0]);
    assert.match(output, /^0\.\d{6}\t.*lines\.txt:2\tParis is the capital of France\.\n0.*\n$/);
  });

  it('fails plainly where half is missing, and passes on how the ranking failed', async () => {
    for (const half of [{ QUERY: 'q' }, { FILE: '/none' }]) {
      assert.deepEqual(await demo(half), {
        output: '',
        errors: 'error: set both QUERY and FILE, or neither for the samples\n',
        code: 1,
      });
    }
    const { errors, code } = await demo({ QUERY: 'q', FILE: '/none/lines.txt' });
    assert.match(errors, /^error: invalid_input: The file \/none\/lines\.txt cannot be read: ENOENT/);
    assert.equal(code, 2);
    const samples = await demo({ MODEL: '/none/model' });
    assert.match(samples.errors, /^error: \w+: .*\/none\/model/);
    assert.deepEqual([samples.output, samples.code], ['', 1]);
  });
});
