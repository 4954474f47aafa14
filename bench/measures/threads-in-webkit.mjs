// Measures two threads on plain SIMD against one, in WebKitGTK.
import { startInWebKit } from '../hosts/webkit.mjs';
import { mixed } from '../inputs.mjs';
import { reportLanes } from '../race.mjs';
import { times } from '../rounds.mjs';
import { inPage } from '../settings.mjs';
import { together } from '../together.mjs';

export async function threadsInWebKit(report, server) {
  const settings = (threads, engine) => ({
    ...inPage.mini(threads, server.url),
    wasm: `${server.url}/pkg/dist/wasm/${engine}.wasm`,
  });
  const start = {
    one: () => startInWebKit(server, settings(1, 'rerank')),
    two: () => startInWebKit(server, settings(2, 'rerank-threads-simd')),
  };
  await together(start, async (contestants) => {
    const { one, two } = contestants;
    const { threads } = await two.call('statistics');
    if (threads !== 2) throw new Error(`${threads} threads run instead of 2; use 2 cores or more.`);
    const kernels = [];
    for (const contestant of [one, two]) kernels.push((await contestant.call('statistics')).kernel);
    report.note(`WebKitGTK ${two.version} runs the kernels ${kernels.join(' and ')}`);
    await reportLanes(
      report,
      'threads.simd128.speedup_mixed20',
      contestants,
      mixed(),
      times(7),
      'rerank-wasm, 1 thread',
    );
  });
}
