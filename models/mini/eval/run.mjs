// run.mjs [--model DIRECTORY] [--only showcase|held-out] [--json FILE]: ranks the showcase and the held-out sources with a
// model, through the package and its wasm. Prints its measures beside those of other rankers from references.json.
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { wholeScores, windowScores } from './scorers.mjs';
import { readHeldOut, readShowcase } from './sets.mjs';
import { readSettings, runProgram } from './settings.mjs';
import { summarise, summariseByLength } from './summary.mjs';

const say = (line = '') => process.stdout.write(`${line}\n`);

/** Returns every ranker's scores of a set, the references first: `{ name: scores for each task }`. */
async function contestants(reranker, { name, hash, tasks }, references) {
  const { hash: known, ...others } = references[name] ?? {};
  if (known !== hash) {
    say(`${name}: references.json has scores of another version of this set; run make mini STEPS=references`);
  }
  const whole = [];
  const best = [];
  for (const task of tasks) {
    whole.push(await wholeScores(reranker, task));
    best.push(await windowScores(reranker, task, whole.at(-1)));
  }
  return { ...(known === hash ? others : {}), model: whole, 'model, windows of 85 words': best };
}

function row({ set, length, by, queries, ndcg, mrr }) {
  const cells = [set.padEnd(12), length.padEnd(6), String(queries).padStart(4), ndcg.toFixed(3), mrr.toFixed(3), by];
  return cells.join('  ');
}

async function main() {
  const settings = readSettings(process.argv.slice(2));
  const references = JSON.parse(await readFile(new URL('references.json', import.meta.url), 'utf8'));
  const model = settings.model ? resolve(settings.model) : mini;
  const reranker = await createReranker({ model });
  const sets = [
    ...(settings.only === 'held-out' ? [] : [await readShowcase()]),
    ...(settings.only === 'showcase' ? [] : await readHeldOut()),
  ];
  const rows = [];
  const firsts = {};
  say('set           length  queries  nDCG@10  MRR');
  for (const set of sets) {
    for (const [by, scores] of Object.entries(await contestants(reranker, set, references))) {
      for (const part of summariseByLength(set.tasks, scores)) {
        rows.push({ set: set.name, by, ...part });
        say(row(rows.at(-1)));
      }
      if (set.name === 'showcase') firsts[by] = summarise(set.tasks, scores).first;
    }
  }
  say();
  for (const [by, first] of Object.entries(firsts)) if (by !== 'model') say(`${by}: ${first} of 100`);
  if (firsts.model !== undefined) say(`showcase: ${firsts.model} of 100`);
  if (settings.json) await writeFile(settings.json, `${JSON.stringify({ rows, showcase: firsts }, null, 2)}\n`);
  await reranker.dispose();
}

await runProgram(main);
