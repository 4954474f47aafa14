import type { ScoredDocument } from '../engine/backend.js';

/** Passes the documents of a list on in its order, as their texts get scores in any order. */
export class InOrder {
  readonly #places: readonly number[];
  readonly #report: (document: ScoredDocument) => void;
  readonly #scored: ScoredDocument[] = [];
  #next = 0;

  /** `places` holds the place of each document's text. */
  constructor(places: readonly number[], report: (document: ScoredDocument) => void) {
    this.#places = places;
    this.#report = report;
  }

  /** Receives the score of the text at `place`. */
  add(place: number, document: ScoredDocument): void {
    this.#scored[place] = document;
    for (; this.#next < this.#places.length; this.#next += 1) {
      const scored = this.#scored[this.#places[this.#next] as number];
      if (!scored) return;
      this.#report({ ...scored, index: this.#next });
    }
  }
}
