// How far logits are from what the same int8 weights give with exact activations, ours ÷ onnxruntime's. Ours come from the
// native command line: the engine gives the same bits on every target.
import { join } from 'node:path';

import { readLines } from '../inputs.mjs';
import { native } from '../native.mjs';
import { cache, mini, standin } from '../paths.mjs';
import { mean } from '../statistics.mjs';

const peer = 'onnxruntime int8';

export async function errors(report) {
  const small = await compare(mini, join(cache, 'standin-mini/logits.jsonl'));
  report.add('logit_error_over_ort', small.ratio('logit_dequantized'), 'ratio', peer);
  report.add('logit_error_over_ort_fp32', small.ratio('logit_fp32'), 'ratio', peer);
  const base = await compare(standin, join(cache, 'standin-base/logits.jsonl'));
  report.add('logit_error_over_ort_standin', base.ratio('logit_dequantized'), 'ratio', peer);
}

async function compare(model, path) {
  const lines = readLines(path);
  const ours = (await native('logits', '--model', model, path)).map(Number);
  const errorOf = (logits, exact) => mean(lines.map((line, index) => Math.abs(logits[index] - line[exact])));
  const theirs = lines.map((line) => line.logit_int8_onnxruntime);
  return { ratio: (exact) => errorOf(ours, exact) / errorOf(theirs, exact) };
}
