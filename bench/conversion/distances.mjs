// distances.mjs EXACT FIRST [OTHER…]: files of logits, one a line. Prints the mean distance of each from EXACT, and that
// divided by the one of FIRST.
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
