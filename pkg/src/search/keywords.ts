import type MiniSearch from 'minisearch';

import type { Near } from './vector-index.js';

/** The words of all passages. A slot is the number of a passage. */
export interface KeywordIndex {
  add(slot: number, text: string): void;
  /** Removes a passage, which had this text. */
  remove(slot: number, text: string): void;
  /** Returns the passages that have words of the query, in any order. `allowed` has a 1 for each that may be found. */
  search(query: string, allowed: Uint8Array | undefined): Near[];
}

/** Opens an empty index if MiniSearch is installed. It is an optional peer dependency. */
export async function openKeywords(): Promise<{ index: KeywordIndex } | { cause: unknown }> {
  try {
    const { default: Words } = await import('minisearch');
    return { index: new MiniSearchIndex(new Words({ fields: ['text'], idField: 'slot', tokenize: wordsOf })) };
  } catch (cause) {
    return { cause };
  }
}

class MiniSearchIndex implements KeywordIndex {
  readonly #words: MiniSearch;

  constructor(words: MiniSearch) {
    this.#words = words;
  }

  add(slot: number, text: string): void {
    this.#words.add({ slot, text });
  }

  remove(slot: number, text: string): void {
    this.#words.remove({ slot, text });
  }

  search(query: string, allowed: Uint8Array | undefined): Near[] {
    const found = this.#words.search(query, allowed ? { filter: ({ id }) => allowed[id] === 1 } : {});
    // The last bits of a score depend on the order of earlier changes.
    return found.map(({ id, score }) => ({ slot: id, score: Math.fround(score) }));
  }
}

const between = /[\s\p{Z}\p{P}]+/u;

/** Scripts that put no spaces between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]+/gu;

/** Cuts a text into words. Where a script puts no spaces between them, each pair of letters is one. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const part of text.split(between)) {
    for (const run of part.match(unspaced) ?? []) words.push(...pairsOf(Array.from(run)));
    words.push(...part.split(unspaced));
  }
  return words.filter((word) => word !== '');
}

function pairsOf(letters: string[]): string[] {
  if (letters.length < 2) return letters;
  return letters.slice(1).map((letter, index) => `${letters[index]}${letter}`);
}
