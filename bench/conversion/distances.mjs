// distances.mjs EXACT FIRST [OTHER…]: reads files of logits, one a line. Prints each file's mean distance from EXACT, and
// this distance divided by that of FIRST.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import { meanDistance, standardDeviation } from '../statistics.mjs';

const [exact, ...others] = process.argv.slice(2);
const read = (path) => readFileSync(path, 'utf8').trim().split('\n').map(Number);

const right = read(exact);
process.stdout.write(`${right.length} logits with a standard deviation of ${standardDeviation(right).toFixed(3)}\n`);
let first;
for (const path of others) {
  const distance = meanDistance(read(path), right);
  first ??= distance;
  const ratio = (distance / first).toFixed(3);
  process.stdout.write(`${basename(path)}: mean distance ${distance.toFixed(4)}, ${ratio} of the first\n`);
}
