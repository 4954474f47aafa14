// Makes inputs for the models that share ms-marco-MiniLM-L-12-v2's tokenizer. @huggingface/tokenizers makes the ids.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tokenizer } from '@huggingface/tokenizers';

import { golden } from './inputs.mjs';
import { l12 } from './models.mjs';
import { modelsFolder } from './paths.mjs';

const [begin, end] = [101, 102];

/** Returns `count` English documents for one query; each pair is cut to `tokens` tokens. */
export function pairs(count, tokens) {
  const file = join(modelsFolder, l12.folder, 'tokenizer.json');
  const tokenizer = new Tokenizer(JSON.parse(readFileSync(file, 'utf8')), {});
  const idsOf = (text) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const english = golden.filter(({ lang }) => lang === 'en');
  const [{ query }] = english;
  const first = [begin, ...idsOf(query), end];
  const room = tokens - first.length - 1;
  const documents = Array.from({ length: count }, (_, index) => longEnough(english, index, room, idsOf));
  const second = documents.map((document) => [...idsOf(document).slice(0, room), end]);
  return {
    query,
    documents,
    maxTokens: tokens,
    sequences: second.map((ids) => [...first, ...ids]),
    segments: second.map((ids) => [...first.map(() => 0), ...ids.map(() => 1)]),
  };
}

/** Joins passages, from the one at `index` on, until they have `room` tokens. */
function longEnough(lines, index, room, idsOf) {
  let text = '';
  for (let next = index; idsOf(text).length < room; next += 1) {
    text = `${text} ${lines[next % lines.length].passage}`.trim();
  }
  return text;
}
