import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
import { tinyDirectory } from '../../support/models/tiny.js';
import { miniDirectory } from '../../support/paths.js';
import { run, runOnTerminal } from '../../support/programs/command-line.js';

const query = 'What is the capital of France?';
const lines = ['A giraffe is tall.', 'Paris is the capital of France.', 'Berlin is the capital of Germany.'];

/** Returns the rows of piped output. */
function rows(output) {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}

describe('rerank-wasm QUERY FILE', () => {
  let folder;
  let expected;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    const reranker = await createReranker({ model: mini });
    expected = await reranker.rerank(query, lines);
    await reranker.dispose();
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name, content) {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  }

  it('prints score, place and text of each line, best first, as the package ranks them', async () => {
    const path = await file('lines.txt', `${lines[0]}\r\n\n  \n${lines[1]}\n${lines[2]}\n`);
    const { output, errors, code } = await run(['--model', 'mini', query, path]);
    assert.deepEqual([errors, code], ['', 0]);
    const numbers = [1, 4, 5];
    assert.deepEqual(
      rows(output),
      expected.map(({ index, score }) => [score.toFixed(6), `${path}:${numbers[index]}`, lines[index]]),
    );
  });

  for (const words of [['-'], []]) {
    it(`reads standard input ${words.length ? 'for -' : 'where no file is named'}`, async () => {
      const input = lines.join('\n');
      const { output, code } = await run([query, ...words, '--model', 'mini', '--top-n', '1'], { input });
      assert.deepEqual([rows(output), code], [[[expected[0].score.toFixed(6), '-:2', lines[1]]], 0]);
    });
  }

  it('says once that a model is slow, and ranks', async () => {
    const model = join(folder, 'slow');
    await cp(tinyDirectory, model, { recursive: true });
    const graph = join(model, 'onnx', 'model_quantized.onnx');
    // Attention that multiplies by the mask has no fast form.
    const bytes = await readFile(graph, 'latin1');
    await writeFile(graph, bytes.replaceAll('attention/self/Add"\x03Add', 'attention/self/Add"\x03Mul'), 'latin1');
    const { output, errors, code } = await run(['--model', model, 'query', '-'], { input: lines.join('\n') });
    assert.equal(code, 0, errors);
    assert.equal(rows(output).length, lines.length);
    assert.match(errors, /^[^\n]*has no fast form of parts of this model's graph \(4 MatMul, 2 Softmax\)[^\n]*\n$/);
  });

  it('prints JSON, an object on each line', async () => {
    const { output, code } = await run(['--json', '--model', 'mini', query], { input: lines.join('\n') });
    const objects = output.trimEnd().split('\n').map(JSON.parse);
    assert.equal(code, 0);
    assert.deepEqual(
      objects,
      expected.map((result) => ({ ...result, file: '-', line: result.index + 1, text: lines[result.index] })),
    );
  });

  it('ranks the lines of several files together, and files with --per-file', async () => {
    const paths = [];
    for (const [index, line] of lines.entries()) paths.push(await file(`${index}.txt`, `${line}\n`));
    const byLine = await run(['--model', 'mini', query, ...paths]);
    assert.deepEqual(
      rows(byLine.output).map(([, place, text]) => [place, text]),
      expected.map(({ index }) => [`${paths[index]}:1`, lines[index]]),
    );
    const byFile = await run(['--per-file', '--model', miniDirectory, query, ...paths]);
    assert.deepEqual(
      rows(byFile.output).map((columns) => columns.slice(1)),
      expected.map(({ index }) => [paths[index]]),
    );
    const objects = (await run(['--per-file', '--json', '--model', 'mini', query, ...paths])).output.trimEnd();
    assert.deepEqual(Object.keys(JSON.parse(objects.split('\n')[0])).sort(), [
      'file',
      'index',
      'logit',
      'score',
      'tokens',
      'truncated',
    ]);
  });

  it('says that documents were cut, and with --chunk reads all of them', async () => {
    const path = await file('long.txt', `${'A giraffe is tall. '.repeat(300)}${lines[1]}\n`);
    const words = ['--per-file', '--json', '--model', 'mini', query, path];
    const cut = await run(words);
    assert.deepEqual([cut.code, JSON.parse(cut.output).truncated], [0, true]);
    assert.equal(cut.errors, 'warning: 1 of 1 documents were too long and were cut; --chunk reads them whole.\n');
    const whole = await run([...words, '--chunk', '--max-tokens', '128']);
    const { score, truncated, window } = JSON.parse(whole.output);
    assert.deepEqual([whole.errors, truncated], ['', false]);
    const text = await readFile(path, 'utf8');
    assert.match(text.slice(window.start, window.end), /Paris/);
    assert.ok(score > JSON.parse(cut.output).score);
  });

  it('shows bars, a summary and progress on a terminal', async () => {
    const path = await file('steering.txt', `${lines[0]}\n${lines[1]}\u001b[31m\u0007 ${'and so on '.repeat(30)}\n`);
    const { output, code } = await runOnTerminal(['--model', 'mini', query, path]);
    assert.equal(code, 0);
    assert.ok(!output.includes('\u0007') && !output.includes('\u001b[31m'));
    assert.match(stripVTControlCharacters(output), /model +█+ +100 %/);
    assert.match(stripVTControlCharacters(output), /documents +█+ +100 % +2 of 2/);
    const shown = stripVTControlCharacters(output.slice(output.lastIndexOf('\u001b[2K')))
      .trimEnd()
      .split('\r\n');
    assert.equal(shown.length, 3);
    assert.match(shown[0], /^1 █[█▏▎▍▌▋▊▉ ]+ 0\.\d{4} {2}Paris is the capital.*…$/);
    assert.ok(shown[0].length <= 100, shown[0]);
    assert.match(shown[1], /^2 .* A giraffe is tall\.$/);
    assert.match(shown[2], /^2 documents, \d+ tokens, \d+\.\d\d s, \d+ MB of linear memory$/);
  });

  it('takes the name of a command as a query after --', async () => {
    const { output, code } = await run(['--model', 'mini', '--', 'cache', '-'], { input: 'a cache' });
    assert.deepEqual([rows(output)[0].slice(1), code], [['-:1', 'a cache'], 0]);
  });

  it('is done at once where there is nothing to rank', async () => {
    const { output, errors, code } = await run(['query'], { input: '\n \n' });
    const warning = 'warning: The input has no document; each line that is not blank is one.\n';
    assert.deepEqual([output, errors, code], ['', warning, 0]);
  });
});
