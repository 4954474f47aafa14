// Measures the tokenizer in WebAssembly beside the `tokenizers` crate's own model and, where it is installed,
// @huggingface/tokenizers. Prints one JSON object a line: {name, value, unit}; the names of a peer's numbers end with it.
//   node bench/tokenizer/measure.mjs [TOKENIZER_JSON]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

import { contestants, load } from './contestants.mjs';
import { texts } from './texts.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cache =
  process.env.RERANK_WASM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rerank-wasm');
const json = process.argv[2] ?? process.env.RERANK_WASM_TOKENIZER ?? join(cache, 'tokenizer', 'tokenizer.json');
if (!existsSync(json)) throw new Error(`${json} is not there; models/standin/full-tokenizer.py makes it`);
const built = execFileSync(here('build.sh'), { encoding: 'utf8' }).trim();

const print = (name, value, unit) => console.log(JSON.stringify({ name: `tokenizer.${name}`, value, unit }));

const directory = mkdtempSync(join(tmpdir(), 'tokenizer-bench-'));
try {
  const compact = join(directory, 'tokenizer.compact');
  const { module } = load(built);
  writeFileSync(compact, module.compact(readFileSync(json)));
  print('compact_mb', readFileSync(compact).length / 1e6, 'MB');
  print('compact_brotli_mb', brotliCompressSync(readFileSync(compact)).length / 1e6, 'MB');

  const ids = new Map();
  for (const { key, suffix, file } of contestants) {
    const output = join(directory, `${key}.json`);
    // A process each: memory that was grown for one would be there for the next.
    execFileSync(process.execPath, [here('contestant.mjs'), key, file === 'compact' ? compact : json, built, output], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const measured = JSON.parse(readFileSync(output, 'utf8'));
    if (measured.absent) {
      console.error(`${key} is not installed and so not measured`);
      continue;
    }
    for (const { name, value, unit } of measured.results) print(`${name}${suffix}`, value, unit);
    ids.set(key, measured.ids);
  }

  const expected = ids.get('crate');
  for (const [key, name] of Object.entries({ compact: '', json: '.json', huggingface: '.huggingface' })) {
    if (!ids.has(key)) continue;
    const mismatches = ids.get(key).filter((line, index) => line !== expected[index]).length;
    if (mismatches > 0 && key !== 'huggingface') throw new Error(`${key} gives other ids for ${mismatches} texts`);
    print(`id_mismatches${name}`, mismatches, `texts of ${Object.values(texts).flat().length}`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
