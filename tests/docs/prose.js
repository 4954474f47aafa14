import { cells, countWords, sentences } from './markdown.js';

/** Most words in a sentence. */
export const mostWords = 25;

const unclear = /\b(?:whose|nobody|whoever|of (?:its|their|your) own|(?:is|are) told|to be had|at hand)\b/i;

/** Returns the sentences that are too long, and the sentences and cells of tables that hide who does what. */
export function unclearSentences(markdown) {
  const all = sentences(markdown);
  const long = all.filter((sentence) => countWords(sentence) > mostWords);
  return [...long, ...[...all, ...cells(markdown)].filter((text) => unclear.test(text))];
}
