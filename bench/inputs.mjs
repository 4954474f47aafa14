// Makes the inputs of every measurement from fixtures, so that every machine measures the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './paths.mjs';

const endToken = 2;

export function readLines(path) {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export const golden = readLines(join(repository, 'tests/fixtures/tokenizer_golden.jsonl')).filter(
  ({ query }) => query !== null,
);
const samples = JSON.parse(readFileSync(join(repository, 'www/samples.json'), 'utf8'));

/** Splits the ids of a golden line into those of its two texts, without special tokens. */
function parts({ ids }) {
  const border = ids.indexOf(endToken);
  return { query: ids.slice(1, border), passage: ids.slice(border + 2, -1) };
}

/**
 * Returns `count` passages for one query; each pair is cut to `tokens` tokens. The engine receives texts, which it tokenises
 * and cuts. A peer that takes ids receives the ids that the engine's tokenizer returns.
 */
export function sameLength(count, tokens) {
  const query = golden.find(({ lang }) => lang === 'en');
  const queryIds = parts(query).query;
  const room = tokens - queryIds.length - 4;
  const passages = golden.filter((line) => line.lang !== 'edge' && parts(line).passage.length >= room).slice(0, count);
  if (passages.length < count) {
    throw new Error(
      `The fixtures have ${passages.length} passages of ${tokens} tokens instead of ${count}; ask for fewer.`,
    );
  }
  return {
    query: query.query,
    documents: passages.map(({ passage }) => passage),
    maxTokens: tokens,
    sequences: passages.map((line) => [
      ...[0, ...queryIds, endToken, endToken],
      ...parts(line).passage.slice(0, room),
      endToken,
    ]),
  };
}

/** Returns `count` passages of about 100 tokens: a hundred words or so of English paragraphs. */
export function passages(count) {
  const words = golden.filter(({ lang }) => lang === 'en').flatMap(({ passage }) => passage.split(/\s+/));
  const each = 75;
  return Array.from({ length: count }, (_, index) => {
    const start = (index * each) % (words.length - each);
    return words.slice(start, start + each).join(' ');
  });
}

/** Returns 20 passages of mixed length: ten sentences of the demo, and ten paragraphs of XQuAD in ten languages. */
export function mixed() {
  const languages = ['ar', 'de', 'el', 'en', 'es', 'hi', 'ru', 'tr', 'vi', 'zh'];
  const paragraphs = languages.map((language) => golden.find(({ lang }) => lang === language).passage);
  const sentences = samples.passages.slice(0, 10).map(({ text }) => text);
  return {
    query: samples.queries[0].text,
    documents: sentences.flatMap((sentence, index) => [sentence, paragraphs[index]]),
  };
}

/** Returns `count` texts with the tokens of these, again and again. None is scored twice, because each is another text. */
export function repeated(texts, count) {
  const times = (index) => Math.floor(index / texts.length);
  return Array.from({ length: count }, (_, index) => texts[index % texts.length] + ' '.repeat(times(index)));
}

/** Returns `count` documents for one query of the mini model. They repeat every sixth of its pairs. */
export function miniDocuments(count) {
  const pairs = readLines(join(repository, 'tests/fixtures/mini_pairs.jsonl'));
  const texts = pairs.filter((_, index) => index % 6 === 0).slice(0, 10);
  return {
    query: pairs[0].query,
    documents: repeated(
      texts.map(({ document }) => document),
      count,
    ),
  };
}
