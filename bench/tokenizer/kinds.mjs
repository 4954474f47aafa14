// Writes tokenizers of other kinds, in the sizes that people publish.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fixture = (name) => new URL(`../../tests/fixtures/tokenizers/${name}.json`, import.meta.url);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** ModernBERT has 50,280 pieces of byte-level BPE, this has 53,558. */
function modernbert() {
  const file = read(fixture('modernbert'));
  const { vocab, merges } = file.model;
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz-'");
  let words = [...letters, ...letters.map((letter) => letter.toUpperCase()), ...'0123456789', 'Ġ'];
  // The added tokens have the numbers behind the vocabulary.
  let next = Object.keys(vocab).length + file.added_tokens.length;
  for (let longer = 0; longer < 2; longer += 1) {
    const pairs = words.flatMap((word) => letters.map((letter) => [word, letter]));
    for (const [word, letter] of pairs) {
      if (`${word}${letter}` in vocab) continue;
      vocab[`${word}${letter}`] = next++;
      merges.push([word, letter]);
    }
    words = pairs.map((pair) => pair.join(''));
  }
  return file;
}

/** DeBERTa-v3 has 128,000 pieces of a unigram model. */
function deberta(large) {
  const file = read(large);
  file.model.vocab.length = 128_000;
  file.added_tokens = file.added_tokens.filter(({ id }) => id < file.model.vocab.length);
  return file;
}

/** Returns the files by the kind of model. `large` is XLM-RoBERTa's tokenizer.json, `l12` that of L-12. */
export function writeKinds(directory, large, l12) {
  const written = (name, file) => {
    const path = join(directory, `${name}.json`);
    writeFileSync(path, JSON.stringify(file, undefined, 2));
    return path;
  };
  return {
    ...(existsSync(l12) && { wordpiece: l12 }),
    bpe: written('bpe', modernbert()),
    unigram_128k: written('unigram_128k', deberta(large)),
  };
}
