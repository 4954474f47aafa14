// bits-table.mjs DIRECTORY: bits-table.sh prepares its inputs and says what it does. ONLY=showcase or ONLY=standin runs that
// part.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { meanDistance, standardDeviation } from '../statistics.mjs';

const { RERANK_WASM_NATIVE, RERANK_WASM_STANDIN, RERANK_WASM_TOKENIZER, ONLY = 'all' } = process.env;
const pairs = 'tests/fixtures/mini_pairs.jsonl';
const [directory] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'rerank-wasm-'));

const run = (program, args) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] });
const native = (...args) => run(RERANK_WASM_NATIVE, args);
const node = (...args) => run(process.execPath, args);
const logits = (model) => native('logits', '--model', model, pairs).trim().split('\n').map(Number);
const say = (line) => process.stdout.write(`${line}\n`);

function convert(model, name, ...options) {
  const path = join(work, `${name}.bundle`);
  return { path, ...JSON.parse(native('convert', '--model', model, path, '--json', ...options)) };
}

/** Returns the showcase's right first places and nDCG@10, and the held-out sources' nDCG@10. */
function ranking(path) {
  const json = `${path}.json`;
  const only = ONLY === 'all' ? [] : ['--only', ONLY];
  node('models/mini/eval/run.mjs', '--model', path, '--json', json, ...only);
  const { rows, showcase } = JSON.parse(readFileSync(json, 'utf8'));
  const ndcg = (isWanted) => {
    const chosen = rows.filter(({ set, by }) => by === 'model' && isWanted(set));
    const queries = chosen.reduce((sum, row) => sum + row.queries, 0);
    return queries === 0 ? '' : (chosen.reduce((sum, row) => sum + row.ndcg * row.queries, 0) / queries).toFixed(3);
  };
  const others = new Set(rows.map(({ set }) => set).filter((set) => set !== 'showcase'));
  return [`${showcase.model} of 100`, ndcg((set) => set === 'showcase'), ndcg((set) => others.has(set))];
}

function bitsOfModel() {
  const sample = join(work, 'sample.tsv');
  writeFileSync(sample, node('bench/conversion/sample-pairs.mjs', 'xquad'));
  const eight = convert(directory, 'eight', '--bits', '8', '--sample', sample);
  const four = convert(directory, 'four', '--bits', '4', '--sample', sample);
  const middle = String(Math.round((eight.predicted_memory + four.predicted_memory) / 2));
  const mixed = convert(directory, 'mixed', '--max-memory', middle, '--sample', sample);
  const exact = logits(eight.path);
  say(
    `${basename(resolve(directory))}: logits of ${exact.length} pairs, standard deviation ${standardDeviation(exact).toFixed(2)}\n`,
  );
  say('| weights | size | distance of logits | first | nDCG@10 | nDCG@10, held-out sources |');
  say('| --- | --- | --- | --- | --- | --- |');
  for (const [name, { path, bytes, four_bit_weights, matrix_weights }] of Object.entries({
    '8 bits': eight,
    mixed,
    '4 bits': four,
  })) {
    const share = name === 'mixed' ? `, ${Math.round((100 * four_bit_weights) / matrix_weights)} % at 4 bits` : '';
    const cells = [`${name}${share}`, `${(bytes / 1e6).toFixed(1)} MB`, meanDistance(logits(path), exact).toFixed(3)];
    say(`| ${[...cells, ...ranking(path)].join(' | ')} |`);
  }
}

/** Rounds for the built-in sample. The measured pairs are others. */
function errorOfStandin() {
  const source = join(work, 'standin');
  run('mkdir', ['-p', join(source, 'onnx')]);
  symlinkSync(join(RERANK_WASM_STANDIN, 'config.json'), join(source, 'config.json'));
  symlinkSync(join(RERANK_WASM_STANDIN, 'onnx/model_quantized.onnx'), join(source, 'onnx/model_quantized.onnx'));
  symlinkSync(RERANK_WASM_TOKENIZER, join(source, 'tokenizer.json'));
  const pieces = ['--keep-pieces', '32768', '--languages', 'en'];
  const exact = logits(convert(source, 'standin-eight', ...pieces).path);
  for (const [name, options] of Object.entries({ mixed: ['--max-memory', '110MB'], '4 bits': ['--bits', '4'] })) {
    const { path, four_bit_weights, matrix_weights } = convert(source, `standin-${name[0]}`, ...pieces, ...options);
    const share = Math.round((100 * four_bit_weights) / matrix_weights);
    const error = meanDistance(logits(path), exact).toFixed(3);
    say(
      `stand-in, ${name}, ${share} % at 4 bits: mean distance ${error}, standard deviation ${standardDeviation(exact).toFixed(2)}`,
    );
  }
}

try {
  if (ONLY !== 'standin') bitsOfModel();
  if (ONLY === 'all' || ONLY === 'standin') errorOfStandin();
} finally {
  rmSync(work, { recursive: true });
}
