// Measures the first pass after loading against a warm one.
import { startInChromium } from '../hosts/chromium.mjs';
import { sameLength } from '../inputs.mjs';
import { preferred } from '../paths.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';
import { median } from '../statistics.mjs';

const instances = times(3);
const warmPasses = times(3);

export async function firstPass(report, server) {
  const input = sameLength(8, 128);
  const ratios = { ours: [], oursStep: [], onnxruntime: [] };
  for (let instance = 0; instance < instances; instance += 1) {
    const ours = await inFreshBrowser(server, inPage.ours(preferred, server.url), input);
    ratios.ours.push(ours.passes);
    ratios.oursStep.push(ours.step);
    ratios.onnxruntime.push((await inFreshBrowser(server, inPage.onnxruntime(), input)).passes);
  }
  report.add('first_over_warm', median(ratios.ours), 'ratio');
  report.add('first_over_warm.first_step', median(ratios.oursStep), 'ratio');
  report.add('first_over_warm.onnxruntime', median(ratios.onnxruntime), 'ratio');
}

async function inFreshBrowser(server, settings, input) {
  const contestant = await startInChromium(server, settings);
  try {
    const first = await contestant.call('run', input);
    const warm = [];
    for (let pass = 0; pass < warmPasses; pass += 1) warm.push(await contestant.call('run', input));
    return {
      passes: first.milliseconds / median(warm.map(({ milliseconds }) => milliseconds)),
      step: first.steps && first.steps[0] / median(warm.flatMap(({ steps }) => steps)),
    };
  } finally {
    await contestant.stop();
  }
}
