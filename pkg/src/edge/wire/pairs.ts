import type { RankingPart } from './dialect.js';

/** Puts the documents of equal queries together, so that they are scored in one call. */
export function partsOf(pairs: readonly (readonly [query: string, text: string])[]): RankingPart[] {
  const parts = new Map<string, { query: string; texts: string[]; places: number[] }>();
  for (const [place, [query, text]] of pairs.entries()) {
    const part = parts.get(query) ?? { query, texts: [], places: [] };
    part.texts.push(text);
    part.places.push(place);
    parts.set(query, part);
  }
  return [...parts.values()];
}
