/** Passes the results for a list on in its order, as its texts get theirs in any order. */
export class InOrder<Result extends { index: number }> {
  readonly #places: readonly number[];
  readonly #report: (result: Result) => void;
  readonly #results: Result[] = [];
  #next = 0;

  /** `places` holds the place of the text of each member of the list. */
  constructor(places: readonly number[], report: (result: Result) => void) {
    this.#places = places;
    this.#report = report;
  }

  /** Receives the result of the text at `place`. */
  add(place: number, result: Result): void {
    this.#results[place] = result;
    for (; this.#next < this.#places.length; this.#next += 1) {
      const next = this.#results[this.#places[this.#next] as number];
      if (!next) return;
      this.#report({ ...next, index: this.#next });
    }
  }
}
