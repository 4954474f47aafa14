// measure.mjs [TOKENIZER_JSON]: measures the tokenizer in WebAssembly beside the `tokenizers` crate's model and, if it is
// installed, @huggingface/tokenizers. Prints one JSON object a line: {name, value, unit}. A peer's names end with the peer.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

import { contestants, load } from './contestants.mjs';
import { writeKinds } from './kinds.mjs';
import { texts } from './texts.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cache =
  process.env.RERANK_WASM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rerank-wasm');
const json = process.argv[2] ?? process.env.RERANK_WASM_TOKENIZER ?? join(cache, 'tokenizer', 'tokenizer.json');
if (!existsSync(json))
  throw new Error(`The file ${json} is missing; run models/standin/full-tokenizer.py, which makes it.`);
const built = execFileSync(here('build.sh'), { encoding: 'utf8' }).trim();

const print = (name, value, unit) => console.log(JSON.stringify({ name: `tokenizer.${name}`, value, unit }));

/** Runs a contestant in its own process, so that it starts with fresh memory. Returns undefined if it is not installed. */
function measure({ key, speed }, file) {
  const output = join(directory, `${key}.json`);
  execFileSync(process.execPath, [here('contestant.mjs'), key, file, built, output, speed ? 'speed' : 'ready'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const measured = JSON.parse(readFileSync(output, 'utf8'));
  if (!measured.absent) return measured;
  console.error(`the contestant ${key} is not installed, so its rows are missing`);
  return undefined;
}

/** Returns a function that counts the texts with other ids than the crate's. Only a peer may have any. */
function mismatches(ids) {
  const expected = ids.get('crate');
  return (key) => {
    const count = ids.get(key).filter((line, index) => line !== expected[index]).length;
    if (count > 0 && key !== 'huggingface') {
      throw new Error(`The contestant ${key} returned other ids than the tokenizers crate for ${count} texts.`);
    }
    return count;
  };
}

const directory = mkdtempSync(join(tmpdir(), 'tokenizer-bench-'));
try {
  const compact = join(directory, 'tokenizer.compact');
  const { module } = load(built);
  writeFileSync(compact, module.compact(readFileSync(json)));
  print('compact_mb', readFileSync(compact).length / 1e6, 'MB');
  print('compact_brotli_mb', brotliCompressSync(readFileSync(compact)).length / 1e6, 'MB');

  const ids = new Map();
  for (const contestant of contestants) {
    const measured = measure(contestant, contestant.file === 'compact' ? compact : json);
    if (!measured) continue;
    for (const { name, value, unit } of measured.results) print(`${name}${contestant.suffix}`, value, unit);
    ids.set(contestant.key, measured.ids);
  }
  const differing = mismatches(ids);
  for (const [key, name] of Object.entries({ compact: '', json: '.json', huggingface: '.huggingface' })) {
    if (ids.has(key)) print(`id_mismatches${name}`, differing(key), `texts of ${Object.values(texts).flat().length}`);
  }

  for (const [kind, path] of Object.entries(writeKinds(directory, json, join(cache, 'l12', 'tokenizer.json')))) {
    const idsOfKind = new Map();
    for (const contestant of contestants.filter(({ key }) => ['json', 'crate'].includes(key))) {
      const { results, ids } = measure({ ...contestant, speed: false }, path);
      print(`ready_json_s.${kind}${contestant.suffix}`, results[0].value, results[0].unit);
      idsOfKind.set(contestant.key, ids);
    }
    mismatches(idsOfKind)('json');
  }
} finally {
  rmSync(directory, { recursive: true });
}
