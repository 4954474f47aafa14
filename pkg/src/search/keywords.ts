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
    return { index: new MiniSearchIndex(Words) };
  } catch (cause) {
    return { cause };
  }
}

/**
 * A word is common if more passages than this, and more than a fifth of all, have it. It tells little, and its passages take
 * most of a search's time.
 */
const commonPassages = 1000;
const commonShare = 0.2;

class MiniSearchIndex implements KeywordIndex {
  readonly #words: MiniSearch;
  /** In how many passages each word is. */
  readonly #counts = new Map<string, number>();
  #passages = 0;
  #cut: string[] = [];

  constructor(Words: typeof MiniSearch) {
    this.#words = new Words({
      fields: ['text'],
      idField: 'slot',
      tokenize: (text) => {
        this.#cut = wordsOf(text);
        return this.#cut;
      },
    });
  }

  add(slot: number, text: string): void {
    this.#words.add({ slot, text });
    this.#count(1);
  }

  remove(slot: number, text: string): void {
    this.#words.remove({ slot, text });
    this.#count(-1);
  }

  search(query: string, allowed: Uint8Array | undefined): Near[] {
    const words = this.#telling([...distinct(wordsOf(query))]);
    const found = this.#words.search(query, {
      tokenize: () => words,
      ...(allowed && { filter: ({ id }: { id: number }) => allowed[id] === 1 }),
    });
    // The last bits of a score depend on the order of earlier changes.
    return found.map(({ id, score }) => ({ slot: id, score: Math.fround(score) }));
  }

  /** Counts the words of the passage that was cut last. */
  #count(change: 1 | -1): void {
    this.#passages += change;
    for (const word of distinct(this.#cut)) {
      const count = (this.#counts.get(word) ?? 0) + change;
      if (count > 0) this.#counts.set(word, count);
      else this.#counts.delete(word);
    }
  }

  /** Leaves out common words, unless the query has no others. */
  #telling(words: string[]): string[] {
    const most = Math.max(commonPassages, commonShare * this.#passages);
    const rare = words.filter((word) => (this.#counts.get(word) ?? 0) <= most);
    const known = rare.some((word) => this.#counts.has(word));
    return known ? rare : words;
  }
}

function distinct(words: string[]): Set<string> {
  return new Set(words.map((word) => word.toLowerCase()));
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
