// run.mjs [NAME…]: runs every measurement, or the named ones, one after the other. Prints a table and writes
// bench/results.json. scripts/bench.sh prepares its inputs.
import { availableParallelism, cpus, loadavg } from 'node:os';

import { startServer } from './hosts/server.mjs';
import { edge } from './measures/edge.mjs';
import { embed } from './measures/embed.mjs';
import { errors } from './measures/errors.mjs';
import { speedOfFamilies } from './measures/families.mjs';
import { firstPass } from './measures/first.mjs';
import { kernels } from './measures/kernels.mjs';
import { speedOfL12 } from './measures/l12.mjs';
import { loading } from './measures/loading.mjs';
import { longText } from './measures/long-text.mjs';
import { operators } from './measures/operators.mjs';
import { others } from './measures/others.mjs';
import { search } from './measures/search.mjs';
import { serverInNode } from './measures/server.mjs';
import { size } from './measures/size.mjs';
import { mixedLengths, speedInChromium, speedInNode } from './measures/speed.mjs';
import { threads } from './measures/threads.mjs';
import { threadsInWebKit } from './measures/threads-in-webkit.mjs';
import { tokens } from './measures/tokens.mjs';
import { weights } from './measures/weights.mjs';
import { workers } from './measures/workers.mjs';
import { engines } from './paths.mjs';
import { Report } from './report.mjs';

const measures = {
  kernels,
  speedInChromium,
  speedOfL12,
  speedOfFamilies,
  embed,
  search,
  weights,
  mixedLengths,
  firstPass,
  threads,
  threadsInWebKit,
  workers,
  speedInNode,
  loading,
  serverInNode,
  longText,
  tokens,
  errors,
  operators,
  edge,
  size,
  others,
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in measures));
if (unknown.length > 0) {
  throw new Error(`There is no measurement ${unknown.join(', ')}; the names are ${Object.keys(measures).join(', ')}.`);
}

const report = new Report();
report.note(`${availableParallelism()} cores of ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)} at the start`);
if (!engines.relaxed) report.note('this checkout has no engine with relaxed SIMD, so its rows are missing');
const server = await startServer();
const start = performance.now();
for (const [name, measure] of Object.entries(measures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`==> ${name}, after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  await measure(report, server);
}
server.close();
report.note(`${((performance.now() - start) / 60_000).toFixed(1)} minutes, load ${loadavg()[0].toFixed(1)} at the end`);
report.finish();
