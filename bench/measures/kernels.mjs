// Measures the kernels of the two engines without threads, which race at every load, in Chromium.
import { startInChromium } from '../hosts/chromium.mjs';
import { engines } from '../paths.mjs';
import { together } from '../together.mjs';

const instance = '/pkg/dist/instance/instance.js';

export async function kernels(report, server) {
  for (const [engine, path] of Object.entries(engines)) {
    const settings = { contestant: '/bench/contestants/kernels.mjs', module: instance, wasm: `${server.url}/${path}` };
    const start = { kernels: () => startInChromium(server, settings) };
    const speeds = await together(start, ({ kernels }) => kernels.call('run', process.env.QUICK ? 0.1 : 1));
    for (const [kernel, speed] of Object.entries(speeds)) {
      report.add(engine === 'relaxed' ? `kernel.race.${kernel}` : `kernel.race.${engine}.${kernel}`, speed, 'GMAC/s');
    }
  }
}
