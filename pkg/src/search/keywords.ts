import type MiniSearch from 'minisearch';

import type { Near } from './vector-index.js';

/** The words of all passages. A slot is the number of a passage. */
export interface KeywordIndex {
  add(slot: number, text: string): void;
  /** Removes a passage, which had this text. */
  remove(slot: number, text: string): void;
  /** Returns the passages that have words of the query. `allowed` has a 1 for each that may be found. */
  search(query: string, allowed: Uint8Array | undefined): FoundByWords<Near>;
}

/** What a query finds by its words. */
export interface FoundByWords<Found> {
  /** In any order. */
  found: Found[];
  /** No passage has a higher score: the limit for one that repeats every word of the query without end. */
  most: number;
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

/** Parameters of BM25+ that MiniSearch recommends. */
const bm25 = { k: 1.2, b: 0.7, d: 0.5 };

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

  search(query: string, allowed: Uint8Array | undefined): FoundByWords<Near> {
    const words = this.#telling([...distinct(wordsOf(query))]);
    const found = this.#words.search(query, {
      tokenize: () => words,
      bm25,
      ...(allowed && { filter: ({ id }: { id: number }) => allowed[id] === 1 }),
    });
    // The last bits of a score depend on the order of earlier changes, and on the platform's logarithm.
    const rounded = found.map(({ id, score }) => ({ slot: id, score: Math.fround(score) }));
    return { found: rounded, most: Math.fround(this.#most(words)) };
  }

  /** MiniSearch multiplies the sum over a passage's words by their number. */
  #most(words: readonly string[]): number {
    const weights = words.map((word) => {
      const count = this.#counts.get(word) ?? 0;
      return Math.log(1 + (this.#passages - count + 0.5) / (count + 0.5)) * (bm25.d + bm25.k + 1);
    });
    return words.length * weights.reduce((sum, weight) => sum + weight, 0);
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
