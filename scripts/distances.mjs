// distances.mjs EXACT FIRST [OTHER…]: files of logits, one a line. Prints the mean distance of each from EXACT, and that
// divided by the one of FIRST.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const [exact, ...others] = process.argv.slice(2);
const read = (path) => readFileSync(path, 'utf8').trim().split('\n').map(Number);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const right = read(exact);
const centre = mean(right);
const spread = Math.sqrt(mean(right.map((logit) => (logit - centre) ** 2)));
process.stdout.write(`${right.length} logits with a standard deviation of ${spread.toFixed(3)}\n`);
let first;
for (const path of others) {
  const distance = mean(read(path).map((logit, index) => Math.abs(logit - right[index])));
  first ??= distance;
  const ratio = (distance / first).toFixed(3);
  process.stdout.write(`${basename(path, '.logits')}: mean distance ${distance.toFixed(4)}, ${ratio} of the first\n`);
}
