// search.mjs [--model DIRECTORY] [--json FILE]: searches the sets of `readCorpora` in two stages, with rerank-wasm-recall and a
// reranker, through the package and its wasm. Prints the measures of each stage and of both.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { createEmbedder, createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
import recall from 'rerank-wasm-recall';

import { readCorpora } from './sets.mjs';
import { readSettings, runProgram } from './settings.mjs';
import { measure, rankInStages } from './two-stages.mjs';

const say = (line = '') => process.stdout.write(`${line}\n`);

function row({ set, by, queries, ndcg, recall }) {
  return [set.padEnd(12), String(queries).padStart(7), ndcg.toFixed(3), recall.toFixed(3).padStart(10), by].join('  ');
}

async function main() {
  const settings = readSettings(process.argv.slice(2));
  const kept = new Map();
  // Both ways with a reranker share most of their candidates.
  const scoreCache = {
    get: (keys) => keys.map((key) => kept.get(key)),
    set: (entries) => {
      for (const [key, score] of entries) kept.set(key, score);
    },
  };
  const embedder = await createEmbedder({ model: recall });
  const reranker = await createReranker({ model: settings.model ? resolve(settings.model) : mini, scoreCache });
  const rows = [];
  say();
  say('set           queries  nDCG@10  recall@50');
  for (const { name: set, passages, queries } of await readCorpora()) {
    const rankings = await rankInStages({ passages, queries }, { embedder, reranker });
    for (const [by, each] of Object.entries(rankings)) {
      rows.push({ set, by, ...measure(queries, each) });
      say(row(rows.at(-1)));
    }
  }
  if (settings.json) await writeFile(settings.json, `${JSON.stringify({ rows }, null, 2)}\n`);
  await embedder.dispose();
  await reranker.dispose();
}

await runProgram(main);
