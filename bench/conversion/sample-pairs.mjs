// sample-pairs.mjs xquad|held-out: prints pairs for the option --sample of `rerank convert`, as lines of query, tab, passage.
// Each English question comes with a passage that answers it and one that may not. Measure on the other set.
import { readFileSync } from 'node:fs';

import { readHeldOut } from '../../models/mini/eval/sets.mjs';

const queriesOfEachSource = 17;

function xquad() {
  const lines = readFileSync(new URL('../../tests/fixtures/tokenizer_golden.jsonl', import.meta.url), 'utf8').trim();
  const pairs = lines.split('\n').map((line) => JSON.parse(line));
  const english = pairs.filter(({ lang, query }) => lang === 'en' && query !== null);
  return english.flatMap(({ query, passage }, index) => [
    [query, passage],
    [query, english[(index + 1) % english.length].passage],
  ]);
}

async function heldOut() {
  const sources = await readHeldOut();
  return sources.flatMap(({ tasks }) =>
    tasks.slice(0, queriesOfEachSource).flatMap(({ query, passages, relevant }) => [
      [query, passages[relevant[0]]],
      [query, passages.find((_, index) => !relevant.includes(index))],
    ]),
  );
}

const kinds = { xquad, 'held-out': heldOut };
const kind = kinds[process.argv[2]];
if (!kind)
  throw new Error(`There is no set "${process.argv[2] ?? ''}"; run sample-pairs.mjs ${Object.keys(kinds).join('|')}.`);
const line = (text) => text.replace(/\s+/g, ' ').trim();
for (const pair of await kind()) process.stdout.write(`${pair.map(line).join('\t')}\n`);
