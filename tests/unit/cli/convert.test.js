import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';

import { createReranker } from 'rerank-wasm';
import { miniDirectory } from '../../support/paths.js';
import { run, runOnTerminal, start } from '../../support/programs/command-line.js';
import { installedNodes } from '../../support/programs/nodes.js';

const fixtures = fileURLToPath(new URL('../../fixtures/standin-tiny', import.meta.url));
const corpus = 'a heat pump warms the house\nthe capital of France is Paris\n';
const pairs = 'heat pump\ta heat pump warms the house\n\ncapital\tthe capital of France is Paris\n';

describe('rerank-wasm convert', () => {
  let root;
  let folder;
  const models = {};
  const at = (name) => join(root, name);
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    for (const [name, graph, path] of [
      ['tiny', 'model_quantized.onnx', 'model_quantized.onnx'],
      ['float', 'model_dequantized.onnx', 'model.onnx'],
    ]) {
      models[name] = at(name);
      await mkdir(join(models[name], 'onnx'), { recursive: true });
      for (const file of ['config.json', 'tokenizer.json']) await cp(join(fixtures, file), join(models[name], file));
      await cp(join(fixtures, 'onnx', graph), join(models[name], 'onnx', path));
    }
    models.split = at('split');
    await cp(models.tiny, models.split, { recursive: true });
    const external = fileURLToPath(new URL('../../fixtures/external', import.meta.url));
    await cp(join(external, 'int8.onnx'), join(models.split, 'onnx', 'model_quantized.onnx'));
    await cp(join(external, 'int8.onnx_data'), join(models.split, 'onnx', 'int8.onnx_data'));
    models.mini = miniDirectory;
    await writeFile(at('corpus.txt'), corpus);
    await writeFile(at('pairs.tsv'), pairs);
  });
  after(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(root, 'output-'));
  });

  /** Reads all files of a folder, by name. */
  async function contents(directory) {
    const names = (await readdir(directory)).sort();
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))])),
    );
  }

  /** Converts with the native command line and the same words. Returns its files and its output. */
  async function natively(words) {
    const native = process.env.RERANK_WASM_NATIVE;
    assert.ok(native, 'RERANK_WASM_NATIVE is not set; run the tests with scripts/test.sh, which sets it.');
    const directory = await mkdtemp(join(root, 'native-'));
    const { stdout } = await promisify(execFile)(native, ['convert', ...words, join(directory, 'model.bundle')]);
    return { files: await contents(directory), output: stdout.replaceAll(directory, folder) };
  }

  async function givesWhatTheNativeOneGives(words, options) {
    const { output, errors, code } = await run(['convert', ...words, join(folder, 'model.bundle')], options);
    assert.deepEqual([errors, code], ['', 0]);
    const expected = await natively(words);
    assert.equal(output, expected.output);
    assert.deepEqual(await contents(folder), expected.files);
  }

  const conversions = [
    ['tiny', []],
    ['tiny', ['--bits', '8', '--json']],
    ['split', []],
    ['tiny', ['--bits', '4', '--sample', 'pairs.tsv', '--name', 'Zürich']],
    ['tiny', ['--max-memory', '21078kB', '--rounding', 'nearest']],
    ['tiny', ['--corpus', 'corpus.txt', '--shard', '100kB']],
    ['float', ['--bits', '4', '--corpus', 'corpus.txt', '--languages', 'de,en', '--keep-pieces', '600']],
    // Few pairs: with the built-in ones the native program of the tests takes minutes.
    [
      'mini',
      [
        '--bits',
        '4',
        '--sample',
        'pairs.tsv',
        '--corpus',
        'corpus.txt',
        '--keep-pieces',
        '20000',
        '--shard',
        '5MiB',
        '--json',
      ],
    ],
  ];
  for (const [model, options] of conversions) {
    it(`makes of ${model} the bytes that the native one makes: ${options.join(' ')}`, async () => {
      const words = options.map((word) => (/\.(txt|tsv)$/.test(word) ? at(word) : word));
      await givesWhatTheNativeOneGives(['--model', models[model], ...words]);
    });
  }

  for (const { path, version } of installedNodes()) {
    it(`does so in Node ${version}`, () =>
      givesWhatTheNativeOneGives(['--model', models.float, '--bits', '4'], { node: path }));
  }

  for (const [name, graphs] of [
    ['model_int8.onnx', { 'onnx/model_int8.onnx': 'model_quantized.onnx' }],
    [
      'model_fp16.onnx before an int8 graph',
      { 'onnx/model_int8.onnx': 'model_quantized.onnx', 'model_fp16.onnx': 'model_dequantized.onnx' },
    ],
  ]) {
    it(`takes ${name}, as the native one does`, async () => {
      const model = at(name);
      await mkdir(join(model, 'onnx'), { recursive: true });
      for (const file of ['config.json', 'tokenizer.json']) await cp(join(fixtures, file), join(model, file));
      for (const [to, from] of Object.entries(graphs)) await cp(join(fixtures, 'onnx', from), join(model, to));
      await givesWhatTheNativeOneGives(['--model', model, '--name', 'same', '--json']);
      const [like] = Object.values(graphs).includes('model_dequantized.onnx') ? [models.float] : [models.tiny];
      const { code } = await run(['convert', '--model', like, '--name', 'same', join(folder, 'like.bundle')]);
      assert.equal(code, 0);
      const { 'model.bundle': made, 'like.bundle': expected } = await contents(folder);
      assert.deepEqual(made, expected);
    });
  }

  it('fails on one line that names a missing file with weights', async () => {
    const model = at('missing');
    await cp(models.split, model, { recursive: true });
    await rm(join(model, 'onnx', 'int8.onnx_data'));
    const { errors, code } = await run(['convert', '--model', model, join(folder, 'model.bundle')]);
    assert.match(errors, /^error: invalid_input: [^\n]*onnx\/int8\.onnx_data cannot be read[^\n]*\n$/);
    assert.equal(code, 2);
    assert.deepEqual(await readdir(folder), []);
  });

  it('takes a directory without config.json, as the native one does', async () => {
    const model = at('unconfigured');
    await cp(models.tiny, model, { recursive: true });
    await rm(join(model, 'config.json'));
    await givesWhatTheNativeOneGives(['--model', model]);
  });

  for (const file of ['onnx/model_quantized.onnx', 'onnx/int8.onnx_data', 'tokenizer.json', 'config.json']) {
    it(`names a Git LFS pointer in the place of ${file}, as the native one does`, async () => {
      const model = join(folder, 'model');
      await cp(models.split, model, { recursive: true });
      await writeFile(join(model, file), 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 7\n');
      const { errors, code } = await run(['convert', '--model', model, join(folder, 'model.bundle')]);
      assert.match(errors, /^error: invalid_model: .* file: the file is a Git LFS pointer/);
      assert.equal(code, 1);
      await assert.rejects(natively(['--model', model]), ({ stderr }) => /the file is a Git LFS pointer/.test(stderr));
    });
  }

  it('makes the compact form of a tokenizer', async () => {
    const path = join(folder, 'tokenizer.bin');
    const tokenizer = join(miniDirectory, 'tokenizer.json');
    const { output, code } = await run(['convert', '--tokenizer', tokenizer, path]);
    const expected = await natively(['--tokenizer', tokenizer]);
    assert.equal(code, 0);
    assert.match(output, /tokenizer\.bin:\n\d+ bytes, from \d+\n$/);
    assert.deepEqual(await readFile(path), expected.files['model.bundle']);
  });

  it('makes a bundle of the package with the small model, shows how far it is, and the bundle ranks', async () => {
    const path = join(folder, 'small.bundle');
    const { output, code } = await runOnTerminal(['convert', '--model', 'mini', path, '--languages', 'en']);
    assert.equal(code, 0, output);
    const shown = stripVTControlCharacters(output);
    const { size } = await stat(join(miniDirectory, 'onnx/model_quantized.onnx'));
    const read = `of ${(size / 1e6).toFixed(1)} MB`;
    assert.ok(shown.includes(read), shown);
    const pairs = (await readFile(new URL('../../../src/convert/sample.tsv', import.meta.url), 'utf8'))
      .trim()
      .split('\n').length;
    assert.match(shown.slice(shown.indexOf(read)), new RegExp(`measuring.*\\d+ of ${2 * pairs}`, 's'));
    assert.match(shown, /size: \d+\.\d MB\r?\nvocabulary: \d+ pieces/);
    const reranker = await createReranker({ model: path });
    const [best] = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
    await reranker.dispose();
    assert.equal(best.index, 1);
  });

  it('leaves no shard of an earlier conversion', async () => {
    const words = ['convert', '--model', models.tiny, join(folder, 'model.bundle'), '--shard'];
    for (const bytes of [100_000, 300_000]) {
      assert.equal((await run([...words, `${bytes}`])).code, 0);
      const { size, shards } = JSON.parse(await readFile(join(folder, 'model.bundle.json'), 'utf8'));
      const names = Array.from({ length: Math.ceil(size / bytes) }, (_, index) => `model.bundle.${index}`);
      assert.deepEqual(shards, names);
      assert.deepEqual((await readdir(folder)).sort(), [...names, 'model.bundle.json']);
    }
  });

  const failures = [
    ['no words', [], 2, /^error: invalid_input: The output is missing: name a file to write\./],
    ['no model', ['OUTPUT'], 2, /^error: invalid_input: The input is missing: pass --model or --tokenizer\./],
    [
      'two outputs',
      ['--model', 'TINY', 'OUTPUT', 'b'],
      2,
      /^error: invalid_input: `convert` takes one output, but "b" follows it/,
    ],
    [
      'a model that is not there',
      ['--model', 'none', 'OUTPUT'],
      1,
      /^error: model_not_found: none is not a directory;/,
    ],
    [
      'a directory without a model',
      ['--model', 'FOLDER', 'OUTPUT'],
      1,
      /^error: model_not_found: The directory .* has no ONNX file with a usual name, such as onnx\/model\.onnx;/,
    ],
    [
      'bits that there are not',
      ['--model', 'TINY', 'OUTPUT', '--bits', '5'],
      2,
      /^error: invalid_input: --bits takes mixed or 8 or 4/,
    ],
    [
      'a size that is none',
      ['--model', 'TINY', 'OUTPUT', '--shard', 'much'],
      2,
      /^error: invalid_input: --shard takes a size/,
    ],
    [
      'a size of nothing',
      ['--model', 'TINY', 'OUTPUT', '--max-memory', '0MB'],
      2,
      /^error: invalid_input: --max-memory takes a size/,
    ],
    [
      'an unknown language',
      ['--model', 'TINY', 'OUTPUT', '--languages', 'xx'],
      2,
      /^error: invalid_input: no language is called "xx"/,
    ],
    [
      'too few pieces',
      ['--model', 'TINY', 'OUTPUT', '--keep-pieces', '1'],
      2,
      /^error: invalid_input: 1 pieces are too few/,
    ],
    [
      'too little memory',
      ['--model', 'TINY', 'OUTPUT', '--max-memory', '20MB'],
      2,
      /^error: invalid_input: the weights need .*keep fewer pieces/,
    ],
    [
      'a sample without tabs',
      ['--model', 'TINY', 'OUTPUT', '--sample', 'CORPUS'],
      2,
      /^error: invalid_input: line \d+ of the sample has no tab between query and document/,
    ],
    [
      'a corpus that is not there',
      ['--model', 'TINY', 'OUTPUT', '--corpus', 'none'],
      2,
      /^error: invalid_input: The file none cannot be read: ENOENT/,
    ],
    [
      'a folder that is not there',
      ['--model', 'TINY', '/none/OUTPUT'],
      2,
      /^error: invalid_input: The output \/none\/OUTPUT cannot be written: ENOENT/,
    ],
    [
      'a directory in its place',
      ['--model', 'TINY', 'FOLDER'],
      2,
      /^error: invalid_input: The output .* cannot be written: EISDIR/,
    ],
    ['a tokenizer that is none', ['--tokenizer', 'CORPUS', 'OUTPUT'], 1, /^error: invalid_model: tokenizer file: /],
    [
      'options that it has not',
      ['--tokenizer', 'CORPUS', 'OUTPUT', '--bits', '4'],
      2,
      /^error: invalid_input: --tokenizer cannot be combined with --bits\./,
    ],
  ];
  for (const [what, words, expected, message] of failures) {
    it(`fails on one line for ${what}, and leaves what was there`, async () => {
      const kept = { 'model.bundle': Buffer.from('what was there') };
      await writeFile(join(folder, 'model.bundle'), kept['model.bundle']);
      const paths = {
        OUTPUT: join(folder, 'model.bundle'),
        FOLDER: folder,
        TINY: models.tiny,
        CORPUS: at('corpus.txt'),
      };
      const { output, errors, code } = await run(['convert', ...words.map((word) => paths[word] ?? word)]);
      assert.match(errors, /^[^\n]+\n$/);
      assert.match(errors, message);
      assert.deepEqual([output, code], ['', expected]);
      assert.deepEqual(await contents(folder), kept);
      assert.deepEqual(
        (await readdir(root)).filter((name) => name.includes('partial')),
        [],
      );
    });
  }

  for (const [what, damage, code] of [
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 1000), 'invalid_model'],
    ['a page', () => Buffer.from('<!doctype html><title>404</title>'), 'invalid_model'],
    ['empty', () => Buffer.alloc(0), 'invalid_model'],
  ]) {
    it(`fails with a code for a graph that is ${what}`, async () => {
      for (const [model, path] of [
        ['tiny', 'onnx/model_quantized.onnx'],
        ['float', 'onnx/model.onnx'],
      ]) {
        const damaged = await mkdtemp(join(root, 'damaged-'));
        await cp(models[model], damaged, { recursive: true });
        await writeFile(join(damaged, path), damage(await readFile(join(damaged, path))));
        const { errors, code: ended } = await run(['convert', '--model', damaged, join(folder, 'model.bundle')]);
        assert.match(errors, new RegExp(`^error: ${code}: [^\\n]+\\n$`));
        assert.equal(ended, 1);
        assert.deepEqual(await readdir(folder), []);
      }
    });
  }

  it('ends with 130 when Ctrl-C comes while it works, and leaves nothing behind', async () => {
    const child = start(['convert', '--model', 'mini', '--bits', '4', join(folder, 'model.bundle')]);
    while ((await readdir(folder)).length === 0) await sleep(20);
    // By then it is deep in its work, or has just begun.
    await sleep(2000);
    child.kill('SIGINT');
    const [output, errors, ended] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    assert.deepEqual([output, errors, ended], ['', '', [130, null]]);
    assert.deepEqual(await readdir(folder), []);
  });
});
