// Measures bge-small-en-v1.5 against transformers.js in Chromium: 64 passages of about 100 tokens.
import { startInChromium } from '../hosts/chromium.mjs';
import { passages } from '../inputs.mjs';
import { bgeSmall } from '../models.mjs';
import { preferred } from '../paths.mjs';
import { race, reportRace } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';
import { together } from '../together.mjs';

/** Numbers of unit vectors are at most 1. transformers.js rounds the activations of a whole batch with one scale. */
const limit = 0.25;

export async function embed(report, server) {
  const start = {
    [preferred]: () => startInChromium(server, inPage.embedder(preferred, server.url, bgeSmall)),
    transformers: () => startInChromium(server, inPage.transformersEmbedder(bgeSmall)),
  };
  const input = { texts: passages(64) };
  const raced = await together(start, (contestants) => race(contestants, input, times(3), limit));
  const peer = 'transformers.js 4.3.1, 1 thread';
  const name = () => 'speed.embed64';
  reportRace(report, raced, { title: 'embed64', name, place: 'chromium', peer, peerLane: 'transformers' });
  report.note(`embed64: ${Math.round(raced.lanes[preferred].tokens / 64)} tokens a passage`);
}
