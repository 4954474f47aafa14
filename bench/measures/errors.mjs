// Measures the distance of logits from those of the same int8 weights with exact activations, ours ÷ onnxruntime's. Our
// logits come from the native command line, which takes tokens. The run counts how many of them wasm returns bit for bit.
import { join } from 'node:path';

import { startInNode } from '../hosts/node.mjs';
import { readLines } from '../inputs.mjs';
import { families, inInt8, l12 } from '../models.mjs';
import { native } from '../native.mjs';
import { cache, mini, modelsFolder, preferred, repository, standin } from '../paths.mjs';
import { inNode } from '../settings.mjs';
import { mean } from '../statistics.mjs';

const peer = 'onnxruntime int8';

export async function errors(report) {
  const small = await compare(mini, join(repository, 'tests/fixtures/mini_logits.jsonl'));
  report.add('logit_error_over_ort', small.ratio('logit_dequantized'), 'ratio', peer);
  report.add('logit_error_over_ort_fp32', small.ratio('logit_fp32'), 'ratio', peer);
  report.note(
    `mini in wasm: ${await sameBits(small.ours)} of ${small.ours.length} logits have the bits of the native ones`,
  );
  const base = await compare(standin, join(cache, 'standin-base/logits.jsonl'));
  report.add('logit_error_over_ort_standin', base.ratio('logit_dequantized'), 'ratio', peer);
  const real = await compare(join(modelsFolder, l12.folder), join(repository, 'tests/fixtures/l12/pairs.jsonl'));
  report.add('logit_error_over_ort.l12', real.ratio('logit_dequantized'), 'ratio', peer);
  for (const family of families()) {
    const folder = join(modelsFolder, inInt8(family).folder);
    const made = await compare(folder, join(folder, 'logits.jsonl'));
    report.add(`logit_error_over_ort.${family}`, made.ratio('logit_dequantized'), 'ratio', peer);
  }
}

async function compare(model, path) {
  const lines = readLines(path);
  const ours = (await native('logits', '--model', model, path)).map(Number);
  const errorOf = (logits, exact) => mean(lines.map((line, index) => Math.abs(logits[index] - line[exact])));
  const theirs = lines.map((line) => line.logit_int8_onnxruntime);
  return { ours, ratio: (exact) => errorOf(ours, exact) / errorOf(theirs, exact) };
}

/** Counts the native logits that wasm returns bit for bit for the same pairs as texts. */
async function sameBits(nativeLogits) {
  const pairs = readLines(join(repository, 'tests/fixtures/mini_pairs.jsonl'));
  const contestant = await startInNode(inNode.mini(preferred));
  let same = 0;
  try {
    for (const [index, { query, document }] of pairs.entries()) {
      const { logits } = await contestant.call('run', { query, documents: [document] });
      if (Math.fround(nativeLogits[index]) === logits[0]) same += 1;
    }
  } finally {
    await contestant.stop();
  }
  return same;
}
