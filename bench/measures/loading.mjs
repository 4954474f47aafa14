// Measures load time and memory, each in a new process of Node or in a new browser.

import { startInChromium } from '../hosts/chromium.mjs';
import { startInNode } from '../hosts/node.mjs';

import { preferred } from '../paths.mjs';
import { files, filesWithSmallTokenizer, model, probe } from '../probe.mjs';
import { times } from '../rounds.mjs';
import { inNode, inPage } from '../settings.mjs';
import { median } from '../statistics.mjs';

const rounds = times(3);

export async function loading(report, server) {
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
  await loadingFromMemory(report, server);
}

/** Measures a load of a graph that the caller holds, in place. */
async function loadingFromMemory(report, server) {
  const start = {
    node: (form) => startInNode({ ...inNode.ours(preferred), form }),
    chromium: (form) => startInChromium(server, { ...inPage.ours(preferred, server.url), form }),
  };
  for (const place of Object.keys(start)) {
    for (const form of ['bytes', 'blob']) {
      const seconds = [];
      for (let round = 0; round < rounds; round += 1) {
        const { loaded, stop } = await start[place](form);
        await stop();
        seconds.push(loaded.milliseconds / 1000);
      }
      report.add(`load_s.${place}.${form}`, median(seconds), 's');
    }
  }
}
