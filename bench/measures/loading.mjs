// Measures load time and memory, each in a new process of Node.

import { preferred } from '../paths.mjs';
import { files, filesWithSmallTokenizer, model, probe } from '../probe.mjs';
import { times } from '../rounds.mjs';
import { inNode } from '../settings.mjs';
import { median } from '../statistics.mjs';

const rounds = times(3);

export async function loading(report) {
  const ours = [];
  const peers = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await probe('engine', files));
    peers.push(await probe('onnxruntime', [inNode.onnxruntime().module, model]));
  }
  report.add('load_s', median(ours.map(({ graph }) => graph)), 's');
  report.add('load_s.tokenizer', median(ours.map(({ tokenizer }) => tokenizer)), 's');
  report.add('load_s.onnxruntime', median(peers.map(({ graph }) => graph)), 's');
  report.add('memory.linear_mb', Math.max(...ours.map(({ bytes }) => bytes)) / 1e6, 'MB');
  // The difference to the line above is the full tokenizer's share.
  const small = await probe('engine', filesWithSmallTokenizer);
  report.add('memory.linear_mb.small_tokenizer', small.bytes / 1e6, 'MB');
  const { contestant: _, ...settings } = inNode.ours(preferred);
  report.add(
    'memory.js_loading_mb',
    (await probe('javascript', [JSON.stringify(settings)], ['--expose-gc'])).bytes / 1e6,
    'MB',
  );
}
