import { quantize } from './quantize.js';

/** A passage, and how close its vector is to the query's. */
export interface Near {
  slot: number;
  score: number;
}

/** Finds the vectors that are closest to a query's. A slot is the number of a passage. */
export interface VectorIndex {
  /** Size of the vectors in bytes. */
  readonly bytes: number;
  add(slot: number, codes: Int8Array, scale: number): void;
  remove(slot: number): void;
  /** Copies the codes of a passage to `codes` and returns their scale. */
  read(slot: number, codes: Int8Array): number;
  /** Returns the `count` passages with the highest scores, in any order. `allowed` has a 1 for each slot that may be found. */
  scan(query: Float32Array, count: number, allowed: Uint8Array | undefined): Near[];
}

/** Rows of a block: the index grows without a copy, and a kernel may take a block whole. A multiple of four. */
const blockRows = 1024;

/** So many times the wanted vectors are found by codes of the query, and then compared with its floats. */
const rescoredTimes = 4;

/** Compares the query with every vector: exact, and in a fixed order. */
export class ExactIndex implements VectorIndex {
  readonly #dimensions: number;
  readonly #codes: Int8Array[] = [];
  readonly #scales: Float32Array[] = [];
  readonly #used: Uint8Array[] = [];
  #rows = 0;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
  }

  get bytes(): number {
    return this.#rows * (this.#dimensions + Float32Array.BYTES_PER_ELEMENT);
  }

  add(slot: number, codes: Int8Array, scale: number): void {
    const [block, row] = placeOf(slot);
    while (this.#codes.length <= block) {
      this.#codes.push(new Int8Array(blockRows * this.#dimensions));
      this.#scales.push(new Float32Array(blockRows));
      this.#used.push(new Uint8Array(blockRows));
    }
    this.#codes[block]?.set(codes, row * this.#dimensions);
    (this.#scales[block] as Float32Array)[row] = scale;
    (this.#used[block] as Uint8Array)[row] = 1;
    this.#rows += 1;
  }

  remove(slot: number): void {
    const [block, row] = placeOf(slot);
    const used = this.#used[block];
    if (!used?.[row]) return;
    used[row] = 0;
    this.#rows -= 1;
  }

  read(slot: number, codes: Int8Array): number {
    const [block, row] = placeOf(slot);
    const start = row * this.#dimensions;
    codes.set((this.#codes[block] as Int8Array).subarray(start, start + this.#dimensions));
    return this.#scales[block]?.[row] as number;
  }

  scan(query: Float32Array, count: number, allowed: Uint8Array | undefined): Near[] {
    const codes = new Int8Array(query.length);
    quantize(query, codes);
    const products = new Int32Array(blockRows);
    const rough = new Best(rescoredTimes * count);
    for (const [block, rows] of this.#codes.entries()) {
      multiply(rows, codes, products);
      const scales = this.#scales[block] as Float32Array;
      const used = this.#used[block] as Uint8Array;
      for (let row = 0; row < blockRows; row += 1) {
        const slot = block * blockRows + row;
        if (used[row] === 0 || (allowed && allowed[slot] !== 1)) continue;
        rough.offer(slot, (products[row] as number) * (scales[row] as number));
      }
    }
    return rough.list().map(({ slot }) => ({ slot, score: this.#score(slot, query) }));
  }

  #score(slot: number, query: Float32Array): number {
    const codes = new Int8Array(query.length);
    const scale = this.read(slot, codes);
    let sum = 0;
    for (let index = 0; index < codes.length; index += 1) sum += (codes[index] as number) * (query[index] as number);
    return sum * scale;
  }
}

function placeOf(slot: number): [block: number, row: number] {
  return [Math.floor(slot / blockRows), slot % blockRows];
}

/** Multiplies each row of a block with the query. Four rows share the reading of the query, and have a sum each. */
function multiply(rows: Int8Array, query: Int8Array, products: Int32Array): void {
  const { length } = query;
  for (let row = 0; row < products.length; row += 4) {
    const first = row * length;
    const second = first + length;
    const third = second + length;
    const fourth = third + length;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let index = 0; index < length; index += 1) {
      const code = query[index] as number;
      a = (a + Math.imul(rows[first + index] as number, code)) | 0;
      b = (b + Math.imul(rows[second + index] as number, code)) | 0;
      c = (c + Math.imul(rows[third + index] as number, code)) | 0;
      d = (d + Math.imul(rows[fourth + index] as number, code)) | 0;
    }
    products[row] = a;
    products[row + 1] = b;
    products[row + 2] = c;
    products[row + 3] = d;
  }
}

/** Keeps the highest scores of many, in a heap with the lowest of them on top. Equal scores: the first stays. */
class Best {
  readonly #most: number;
  readonly #heap: Near[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  offer(slot: number, score: number): void {
    const heap = this.#heap;
    if (heap.length < this.#most) {
      heap.push({ slot, score });
      this.#rise(heap.length - 1);
    } else if (score > (heap[0] as Near).score) {
      heap[0] = { slot, score };
      this.#sink();
    }
  }

  list(): Near[] {
    return this.#heap;
  }

  #rise(start: number): void {
    const heap = this.#heap;
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isLower(heap[at] as Near, heap[parent] as Near)) return;
      [heap[at], heap[parent]] = [heap[parent] as Near, heap[at] as Near];
      at = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && isLower(heap[right] as Near, heap[left] as Near) ? right : left;
      if (!isLower(heap[child] as Near, heap[at] as Near)) return;
      [heap[at], heap[child]] = [heap[child] as Near, heap[at] as Near];
      at = child;
    }
  }
}

function isLower(a: Near, b: Near): boolean {
  return a.score < b.score || (a.score === b.score && a.slot > b.slot);
}
