// Measures what weights of eight bits cost beside weights of seven, in the same graph.
import { startInChromium } from '../hosts/chromium.mjs';
import { sameLength } from '../inputs.mjs';
import { fullRangeStandin, standin } from '../models.mjs';
import { preferred } from '../paths.mjs';
import { race } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';
import { pairedRatio } from '../statistics.mjs';
import { together } from '../together.mjs';

export async function weights(report, server) {
  const starting = (model) => () => startInChromium(server, inPage.ours(preferred, server.url, model));
  await together({ full: starting(fullRangeStandin), seven: starting(standin) }, async (contestants) => {
    const { full, seven } = (await race(contestants, sameLength(8, 128), times(5))).lanes;
    const ratio = pairedRatio(full.times, seven.times);
    report.add('weights.full_over_seven', ratio, 'ratio', 'rerank-wasm, seven-bit weights');
  });
}
