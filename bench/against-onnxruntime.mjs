import { startInChromium } from './hosts/chromium.mjs';
import { preferred } from './paths.mjs';
import { race, reportRace } from './race.mjs';
import { inPage } from './settings.mjs';
import { together } from './together.mjs';

const peer = 'onnxruntime-web 1.30.0, 1 thread';

/**
 * Races the engine of a current browser against onnxruntime-web in Chromium with one thread each. Both run `model`,
 * unless onnxruntime-web runs `peerModel`. `runs` has an input and its rounds by title. The ratios are called
 * `speed.<name>.<title>`.
 */
export async function againstOnnxruntime(report, server, { name, model, peerModel = model, runs, limit }) {
  const start = {
    [preferred]: () => startInChromium(server, inPage.ours(preferred, server.url, model)),
    onnxruntime: () => startInChromium(server, inPage.onnxruntime(1, peerModel)),
  };
  await together(start, async (contestants) => {
    for (const [title, { input, rounds }] of Object.entries(runs)) {
      const raced = await race(contestants, input, rounds, limit);
      reportRace(report, raced, {
        title: `${name}.${title}`,
        name: () => `speed.${name}.${title}`,
        place: 'chromium',
        peer,
        peerLane: 'onnxruntime',
      });
    }
  });
}
