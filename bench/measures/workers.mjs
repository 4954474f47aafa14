// Measures two engines in workers against one, on a page in Chromium that is not isolated.
import { startInChromium } from '../hosts/chromium.mjs';
import { mixed } from '../inputs.mjs';
import { reportLanes } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';
import { together } from '../together.mjs';

export async function workers(report, { unisolatedUrl: url }) {
  const start = {
    one: () => startInChromium({ url }, inPage.mini(1, url)),
    two: () => startInChromium({ url }, inPage.mini(2, url)),
  };
  await together(start, async (contestants) => {
    const { threads, memoryBytes } = await contestants.two.call('statistics');
    if (threads !== 2) throw new Error(`${threads} engines run instead of 2; use 2 cores or more.`);
    report.add('workers.memory_mb', memoryBytes / 1e6, 'MB');
    await reportLanes(report, 'workers.speedup_mixed20', contestants, mixed(), times(7), 'rerank-wasm, 1 engine');
  });
}
