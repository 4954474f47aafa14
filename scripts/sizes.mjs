// Prints what a visitor downloads: each file of the built package, raw and compressed. Fails where the engine has grown
// too large.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const directory = new URL('../pkg/dist/', import.meta.url).pathname;

/** All files below the directory that a page or a worker can load: no types, no command line. */
const files = readdirSync(directory, { recursive: true })
  .filter((name) => /\.(js|wasm)$/.test(name) && !name.startsWith('cli/'))
  .sort();

/** Of one engine, brotli: a visitor gets one of them. */
const mostBytes = 1_700_000;

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(12);
const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } });

const total = [0, 0, 0];
console.log(`${'file'.padEnd(24)}${['raw', 'gzip', 'brotli'].map((name) => name.padStart(12)).join('')}`);
for (const name of files) {
  const bytes = readFileSync(join(directory, name));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes).length];
  for (const [index, size] of sizes.entries()) total[index] += size;
  console.log(`${name.padEnd(24)}${sizes.map(kilobytes).join('')}`);
  if (name.endsWith('.wasm') && sizes[2] > mostBytes) {
    console.error(`${name} has ${sizes[2]} bytes with brotli, more than ${mostBytes}`);
    process.exitCode = 1;
  }
}
console.log(`${'all'.padEnd(24)}${total.map(kilobytes).join('')}`);
