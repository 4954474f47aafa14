// Passes per second, ours and the peers in turns, in Chromium (a worker each) and in Node (a process each).
import { startChromium } from '../hosts/chromium.mjs';
import { startInNode } from '../hosts/node.mjs';
import { mixed, sameLength } from '../inputs.mjs';
import { artifacts, preferred } from '../paths.mjs';
import { race, reportRace } from '../race.mjs';
import { inNode, inPage } from '../settings.mjs';

const rounds = { '8x128': 5, '1x512': 7, mixed20: 3 };
const onnxruntime = 'onnxruntime-web 1.30.0, 1 thread';

export async function speedInChromium(report, server) {
  const browser = await startChromium(server);
  try {
    const contestants = {};
    for (const artifact of Object.keys(artifacts)) {
      contestants[artifact] = await browser.start(inPage.ours(artifact, server.url));
    }
    contestants.onnxruntime = await browser.start(inPage.onnxruntime());
    const named = (title) => (lane) => `speed.${title}.${lane}`;
    await sameLengths(report, contestants, 'chromium', named);
    await contestants.onnxruntime.stop();
    const transformers = await browser.start(inPage.transformers());
    const raced = await race({ [preferred]: contestants[preferred], transformers }, mixed(), rounds.mixed20);
    const peer = 'transformers.js 4.3.1, 1 thread';
    const name = () => 'speed.mixed20';
    reportRace(report, raced, { title: 'mixed20', name, place: 'chromium', peer, peerLane: 'transformers' });
    const { tokens } = raced.lanes[preferred];
    report.note(`mixed20: ${tokens} tokens, padded by transformers.js to ${raced.lanes.transformers.tokens}`);
  } finally {
    await browser.close();
  }
}

export async function speedInNode(report) {
  const contestants = {};
  try {
    for (const artifact of Object.keys(artifacts)) contestants[artifact] = await startInNode(inNode.ours(artifact));
    contestants.onnxruntime = await startInNode(inNode.onnxruntime());
    const named = (title) => (lane) => `speed.node.${title}.${lane}`;
    await sameLengths(report, contestants, 'node', named);
    for (const [lane, contestant] of Object.entries(contestants)) {
      report.add(`memory.process_peak_mb.${lane}`, (await contestant.call('peakBytes')) / 1e6, 'MB');
    }
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.stop();
  }
}

async function sameLengths(report, contestants, place, named) {
  for (const [title, input] of Object.entries({ '8x128': sameLength(8, 128), '1x512': sameLength(1, 512) })) {
    const raced = await race(contestants, input, rounds[title]);
    for (const [lane, { tokens }] of Object.entries(raced.lanes)) {
      if (tokens !== input.sequences.flat().length) throw new Error(`${lane} ran ${tokens} tokens of ${title}`);
    }
    reportRace(report, raced, { title, name: named(title), place, peer: onnxruntime, peerLane: 'onnxruntime' });
  }
}
