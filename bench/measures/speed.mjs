// Measures the time of whole calls in Chromium and in Node, ours and the peers' in turns.
import { startInChromium } from '../hosts/chromium.mjs';
import { startInNode } from '../hosts/node.mjs';
import { mixed, sameLength } from '../inputs.mjs';
import { engines, preferred } from '../paths.mjs';
import { race, reportRace } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inNode, inPage } from '../settings.mjs';
import { together } from '../together.mjs';

const rounds = { '8x128': times(5), '1x512': times(7), mixed20: times(3) };
const onnxruntime = 'onnxruntime-web 1.30.0, 1 thread';
const transformers = 'transformers.js 4.3.1, 1 thread';

export async function speedInChromium(report, server) {
  const start = {
    ...Object.fromEntries(
      Object.keys(engines).map((engine) => [engine, () => startInChromium(server, inPage.ours(engine, server.url))]),
    ),
    onnxruntime: () => startInChromium(server, inPage.onnxruntime()),
  };
  await together(start, async (contestants) => {
    await sameLengths(report, contestants, 'chromium', 'speed');
    await loadAndMemory(report, contestants, 'chromium');
  });
}

export async function mixedLengths(report, server) {
  const start = {
    [preferred]: () => startInChromium(server, inPage.ours(preferred, server.url)),
    transformers: () => startInChromium(server, inPage.transformers()),
  };
  const raced = await together(start, async (contestants) => {
    const raced = await race(contestants, mixed(), rounds.mixed20);
    await loadAndMemory(report, { transformers: contestants.transformers }, 'chromium');
    return raced;
  });
  const name = () => 'speed.mixed20';
  reportRace(report, raced, {
    title: 'mixed20',
    name,
    place: 'chromium',
    peer: transformers,
    peerLane: 'transformers',
  });
  const [ours, theirs] = Object.values(raced.lanes).map(({ tokens }) => tokens);
  report.note(`mixed20: ${ours} tokens, which transformers.js pads to ${theirs}`);
}

export async function speedInNode(report) {
  const start = {
    ...Object.fromEntries(Object.keys(engines).map((engine) => [engine, () => startInNode(inNode.ours(engine))])),
    onnxruntime: () => startInNode(inNode.onnxruntime()),
  };
  await together(start, async (contestants) => {
    await sameLengths(report, contestants, 'node', 'speed.node');
    await loadAndMemory(report, contestants, 'node');
  });
}

/** Reports each contestant's load time, and the peak memory of its process over all its runs. */
async function loadAndMemory(report, contestants, place) {
  for (const [lane, { loaded, peakBytes }] of Object.entries(contestants)) {
    report.add(`load_s.${place}.${lane}`, loaded.milliseconds / 1000, 's');
    report.add(`memory.${place}_peak_mb.${lane}`, (await peakBytes()) / 1e6, 'MB');
  }
}

async function sameLengths(report, contestants, place, prefix) {
  for (const [title, input] of Object.entries({ '8x128': sameLength(8, 128), '1x512': sameLength(1, 512) })) {
    const raced = await race(contestants, input, rounds[title]);
    const name = (lane) => `${prefix}.${title}.${lane}`;
    reportRace(report, raced, { title, name, place, peer: onnxruntime, peerLane: 'onnxruntime' });
  }
}
