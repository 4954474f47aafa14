// Measures two of our threads in Chromium, against one of ours and against two of onnxruntime-web.
import { startInChromium } from '../hosts/chromium.mjs';
import { mixed, repeated, sameLength } from '../inputs.mjs';
import { reportLanes } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';

const one = 'rerank-wasm, 1 thread';
const onnxruntime = 'onnxruntime-web 1.30.0, 2 threads';

export async function threads(report, server) {
  const contestants = {};
  try {
    contestants.one = await startInChromium(server, inPage.threads(1, server.url));
    contestants.two = await startInChromium(server, inPage.threads(2, server.url));
    const { one: alone, two: together } = contestants;
    await reportLanes(report, 'threads.speedup_mixed20', { one: alone, two: together }, mixed(), times(5), one);
    await reportLanes(
      report,
      'threads.speedup_1x512',
      { one: alone, two: together },
      sameLength(1, 512),
      times(7),
      one,
    );
    report.add('threads.memory_mb', await furtherMegabytes(alone, together), 'MB');
    for (const contestant of [alone, together]) await contestant.call('run', sixTimes(sameLength(1, 512)));
    report.add('threads.memory_mb.longest', await furtherMegabytes(alone, together), 'MB');
    await alone.stop();
    delete contestants.one;
    contestants.onnxruntime = await startInChromium(server, inPage.onnxruntime(2));
    const lanes = { onnxruntime: contestants.onnxruntime, two: together };
    await reportLanes(report, 'threads.over_ort', lanes, sameLength(8, 128), times(5), onnxruntime);
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.stop();
  }
}

/** Returns the linear memory that the second thread takes, in megabytes. */
async function furtherMegabytes(alone, together) {
  const before = await alone.call('statistics');
  const after = await together.call('statistics');
  if (after.threads !== 2)
    throw new Error(`The instance has ${after.threads} threads instead of 2; use 2 cores or more.`);
  return (after.memoryBytes - before.memoryBytes) / 1e6;
}

function sixTimes(input) {
  return { ...input, documents: repeated(input.documents, 6) };
}
