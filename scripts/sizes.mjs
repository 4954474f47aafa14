// Prints the size of each file that a visitor downloads, raw and compressed, and the size of the package on a developer's
// disk. Fails if an engine or the package exceeds its limit.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const directory = new URL('../pkg/dist/', import.meta.url).pathname;

/** All files that a page or a worker can load: types and the command line are left out. */
const files = readdirSync(directory, { recursive: true })
  .filter((name) => /\.(js|wasm)$/.test(name) && !name.startsWith('cli/'))
  .sort();

/** Limit of one engine after brotli. A visitor downloads one engine. */
const mostBytes = 1_450_000;

/** The command line alone loads the converter, which the package holds compressed. */
const converter = 'cli/convert/converter.wasm.br';

/**
 * Limits of the unpacked package, without models: an engine, the converter, all other files, and the whole. The whole
 * exceeds the 5 MB one would wish for, because the package holds several engines. Each engine holds all of tract's
 * operators, since a model may have any of them. Each is one file, so that a browser compiles it during the download.
 * The HTTP cache of a private window in Chromium takes files of up to 6,553,600 bytes (50 MiB / 8). The demo's service
 * worker looks there for the engine to keep.
 */
const mostUnpackedBytes = { engine: 6_550_000, converter: 1_530_000, code: 640_000, all: 28_000_000 };

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(12);
const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } });

const sizeOf = (name) => {
  const facts = statSync(join(directory, name));
  return facts.isFile() ? facts.size : 0;
};

const total = [0, 0, 0];
console.log(`${'file'.padEnd(24)}${['raw', 'gzip', 'brotli'].map((name) => name.padStart(12)).join('')}`);
for (const name of files) {
  const bytes = readFileSync(join(directory, name));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes).length];
  for (const [index, size] of sizes.entries()) total[index] += size;
  console.log(`${name.padEnd(24)}${sizes.map(kilobytes).join('')}`);
  if (name.endsWith('.wasm') && sizes[2] > mostBytes) {
    console.error(`${name} has ${sizes[2]} bytes after brotli; the limit is ${mostBytes}: make it smaller`);
    process.exitCode = 1;
  }
}
const engines = files.filter((name) => name.endsWith('.wasm'));
/** npm leaves these out: a test alone reads them. */
const typesOfBindings = /^(wasm|cli\/convert)\/.*\.d\.ts$/;
const unpacked = readdirSync(directory, { recursive: true })
  .filter((name) => !typesOfBindings.test(name))
  .reduce((sum, name) => sum + sizeOf(name), 0);
const code = unpacked - [...engines, converter].reduce((sum, name) => sum + sizeOf(name), 0);
for (const [name, bytes, most] of [
  ...engines.map((engine) => [engine, sizeOf(engine), mostUnpackedBytes.engine]),
  [converter, sizeOf(converter), mostUnpackedBytes.converter],
  ['the code', code, mostUnpackedBytes.code],
  ['the package', unpacked, mostUnpackedBytes.all],
]) {
  if (bytes <= most) continue;
  console.error(`${name} has ${bytes} bytes unpacked; the limit is ${most}: make it smaller`);
  process.exitCode = 1;
}
console.log(`${'all'.padEnd(24)}${total.map(kilobytes).join('')}`);
console.log(`${converter.padEnd(24)}${' '.repeat(24)}${kilobytes(sizeOf(converter))}`);
console.log(`${'unpacked, with types'.padEnd(24)}${kilobytes(unpacked)}`);
