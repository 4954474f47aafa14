// Load time and memory, each in a fresh process of Node.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { artifacts, mini, node, preferred, repository, standin } from '../paths.mjs';
import { times } from '../rounds.mjs';
import { inNode } from '../settings.mjs';
import { median } from '../statistics.mjs';

const rounds = times(3);
const engine = join(repository, artifacts[preferred]);
const model = join(standin, 'onnx/model_quantized.onnx');
const config = join(standin, 'config.json');

async function probe(name, args, flags = []) {
  const script = fileURLToPath(new URL(`../probes/${name}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(node, [...flags, script, ...args]);
  return JSON.parse(stdout);
}

export async function loading(report) {
  const ours = [];
  const peers = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await probe('engine', [engine, model, join(standin, 'tokenizer.json'), config]));
    peers.push(await probe('onnxruntime', [inNode.onnxruntime().module, model]));
  }
  report.add('load_s', median(ours.map(({ graph }) => graph)), 's');
  report.add('load_s.tokenizer', median(ours.map(({ tokenizer }) => tokenizer)), 's');
  report.add('load_s.onnxruntime', median(peers.map(({ graph }) => graph)), 's');
  report.add('memory.linear_mb', Math.max(...ours.map(({ bytes }) => bytes)) / 1e6, 'MB');
  // The same weights beside a vocabulary of 38,000 pieces instead of 250,002: what the full tokenizer takes of it.
  const small = await probe('engine', [engine, model, join(mini, 'tokenizer.json'), config]);
  report.add('memory.linear_mb.small_tokenizer', small.bytes / 1e6, 'MB');
  const { module, wasm, ...files } = inNode.ours(preferred);
  delete files.contestant;
  const settings = JSON.stringify({ module, wasm, ...files });
  report.add('memory.js_loading_mb', (await probe('javascript', [settings], ['--expose-gc'])).bytes / 1e6, 'MB');
}
