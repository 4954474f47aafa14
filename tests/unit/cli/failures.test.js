import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { miniFile } from '../../support/models/mini.js';
import { run, start } from '../../support/programs/command-line.js';
import { startHub } from '../../support/servers/hub.js';

const [noNetwork, hurry] = ['servers/no-network.mjs', 'asserts/hurry.mjs'].map(
  (name) => `--import=${new URL(`../../support/${name}`, import.meta.url).href}`,
);
const manifest = JSON.parse(await readFile(new URL('../../../pkg/package.json', import.meta.url), 'utf8'));

describe('the command line', () => {
  let folder;
  let hub;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    hub = await startHub();
  });
  after(async () => {
    await hub.close();
    await rm(folder, { recursive: true });
  });

  const failures = [
    [
      'an unknown option',
      ['--top', 'q'],
      2,
      /^error: invalid_input: --top is not an option; did you mean --top-n\? See --help\.$/,
    ],
    ['an option without its value', ['q', '--model'], 2, /^error: invalid_input: .*--model/],
    ['no query', [], 2, /^error: invalid_input: The query is missing: .*\. See --help\.$/],
    ['an empty query', [' ', 'f'], 2, /^error: invalid_input: The query is blank: .*\. See --help\.$/],
    [
      'a number that is none',
      ['q', '-', '-n', '0'],
      2,
      /^error: invalid_input: --top-n takes a positive integer, not "0"/,
    ],
    ['a fraction', ['q', '-', '--max-tokens', '1.5'], 2, /^error: invalid_input: --max-tokens takes/],
    [
      'a file that is not there',
      ['q', '/none/lines.txt'],
      2,
      /^error: invalid_input: The file \/none\/lines.txt cannot be read: ENOENT/,
    ],
    ['a directory', ['q', tmpdir()], 2, /^error: invalid_input: The file .* cannot be read: EISDIR/],
    [
      'a model that is not there',
      ['q', '--model', 'none'],
      1,
      /^error: model_not_found: `model` is "none", which is neither /,
    ],
    ['a server that does not answer', ['q', '--model', 'http://127.0.0.1:1/'], 1, /^error: download_failed: .*: \S+/],
    [
      'a hub that means nothing',
      ['q', '--model', '/tmp', '--hub', 'http://127.0.0.1'],
      2,
      /^error: invalid_input: `hub` needs the name of a model on a hub/,
    ],
    [
      'an unknown deed of the cache',
      ['cache', 'burn'],
      2,
      /^error: invalid_input: `cache` takes list or clear, not "burn"/,
    ],
    ['a word too much', ['verify', 'all'], 2, /^error: invalid_input: `verify` takes only options, not "all"/],
  ];

  for (const [what, words, code, message] of failures) {
    it(`fails on one line for ${what}`, async () => {
      assertFailure(await run(words, { input: 'text', nodeOptions: [hurry] }), code, message);
    });
  }

  it('fails on one line for a file that is not text', async () => {
    const path = join(folder, 'noise');
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
    assertFailure(await run(['q', path]), 2, /^error: invalid_input: The file .*noise is not text in UTF-8; .*\.$/);
  });

  it('says why where there is no network', async () => {
    const options = { input: 'text', nodeOptions: [noNetwork, hurry], environment: { RERANK_WASM_CACHE: folder } };
    assertFailure(await run(['q'], options), 1, /^error: download_failed: https:\/\/huggingface\.co\/.*ENOTFOUND/);
  });

  for (const words of [['--help'], ['verify', '-h'], ['models', '-h'], ['cache', '--help'], ['convert', '-h']]) {
    it(`explains itself: ${words.join(' ')}`, async () => {
      const { output, errors, code } = await run(words);
      assert.deepEqual([errors, code], ['', 0]);
      assert.match(output, /^rerank-wasm /);
    });
  }

  it('tells its version', async () => {
    assert.deepEqual(await run(['--version']), { output: `${manifest.version}\n`, errors: '', code: 0 });
  });

  it('ends in silence where its reader has gone', async () => {
    const child = start(['--json', '--model', 'mini', 'q']);
    child.stdin.end(`text${' '.repeat(10_000)}\n`.repeat(60));
    await once(child.stdout, 'readable');
    child.stdout.destroy();
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([errors, code], ['', 0]);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    it(`ends with ${code} and leaves nothing behind when ${signal} comes in a download`, async () => {
      const bytes = await miniFile('onnx/model_quantized.onnx');
      const sent = new Promise((resolve) => {
        hub.faults.set('/mini/onnx/model_quantized.onnx', (_, response) => {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, 5_000_000), resolve);
        });
      });
      const child = start(['--model', hub.model, 'q'], { environment: { RERANK_WASM_CACHE: folder } });
      child.stdin.end('text');
      await sent;
      child.kill(signal);
      const [output, errors, ended] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      assert.deepEqual([output, errors, ended], ['', '', [code, null]]);
      const names = await readdir(join(folder, 'models'));
      assert.deepEqual(
        names.filter((name) => name.endsWith('.part')),
        [],
      );
    });
  }

  for (const [what, whole] of [
    ['documents are ranked', true],
    ['standard input is read', false],
  ]) {
    it(`ends with 130 when Ctrl-C comes while ${what}`, async () => {
      const child = start(['--model', 'mini', 'q']);
      // No pipe holds that much: once all of it is sent, the program has begun to read. To score 1,000 texts takes minutes.
      const lines = Array.from({ length: 1000 }, (_, line) => `${line} ${'many words '.repeat(200)}\n`).join('');
      await new Promise((resolve) => {
        if (whole) child.stdin.end(lines, resolve);
        else child.stdin.write(lines, resolve);
      });
      await sleep(1500);
      child.kill('SIGINT');
      const [output, errors, ended] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      assert.deepEqual([output, errors, ended], ['', '', [130, null]]);
    });
  }

  it('fails on one line where its output cannot be written', { skip: !existsSync('/dev/full') }, async () => {
    const child = start(['--help'], { stdout: openSync('/dev/full', 'w') });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assertFailure({ output: '', errors, code }, 1, /^error: internal: .*ENOSPC/);
  });

  it('lists and clears the downloads that are kept, and does without where told', async () => {
    hub.faults.clear();
    const environment = { RERANK_WASM_CACHE: join(folder, 'own') };
    const options = { environment, input: 'text' };
    assert.equal((await run(['--no-cache', '--model', hub.model, 'q'], options)).code, 0);
    assert.equal((await run(['cache'], options)).output, '');
    assert.equal((await run(['--model', hub.model, 'q'], options)).code, 0);
    const listed = (await run(['cache', 'list'], options)).output.trimEnd().split('\n');
    assert.equal(listed.length, 3);
    assert.ok(
      listed.includes(`${(await miniFile('config.json')).length}\t${hub.model}/config.json`),
      listed.join('\n'),
    );
    const [entry] = (await run(['cache', '--json'], options)).output
      .split('\n')
      .map((line) => line && JSON.parse(line));
    assert.deepEqual(Object.keys(entry).sort(), ['key', 'sha256', 'size', 'url']);
    assert.equal((await run(['cache', 'clear'], options)).code, 0);
    assert.equal((await run(['cache'], options)).output, '');
  });
});

function assertFailure({ output, errors, code }, expected, message) {
  assert.match(errors, /^[^\n]+\n$/);
  assert.match(errors.trimEnd(), message);
  assert.deepEqual([output, code], ['', expected]);
}
