import type { FoundByWords, KeywordIndex } from './keywords.js';
import type { Passages } from './segment.js';
import type { SearchDocument } from './types.js';
import { ExactIndex, type Near, type VectorIndex } from './vector-index.js';

/** A document of the index. */
export interface Entry {
  document: SearchDocument;
  /** Later documents have higher numbers. */
  readonly order: number;
  /** Identifies the model behind the vectors; empty if there are none. */
  readonly model: string;
  /** The numbers of its passages. */
  readonly slots: readonly number[];
  /** Its vectors while the index does not use them: no embedder is loaded, or another one. */
  parked: Passages | undefined;
  /** The segment that holds it, and the size of its part. */
  segment: number;
  bytes: number;
}

/** A part of a document's text. */
export interface Passage {
  entry: Entry;
  start: number;
  end: number;
}

/** Where a document was written. */
export interface Place {
  segment: number;
  bytes: number;
}

/** Bytes of a passage's start, end and document. */
const slotBytes = 12;

/** The documents in memory, with their words and vectors. Its methods never wait. */
export class Collection {
  readonly entries = new Map<string, Entry>();
  /** Another number after each change. */
  version = 0;
  readonly #keywords: KeywordIndex | undefined;
  #vectors: VectorIndex | undefined;
  #model = '';
  #dimensions = 0;
  #starts = new Uint32Array(64);
  #ends = new Uint32Array(64);
  readonly #owners: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  #made = 0;

  constructor(keywords: KeywordIndex | undefined) {
    this.#keywords = keywords;
  }

  get chunks(): number {
    return this.#owners.length - this.#free.length;
  }

  get bytes(): number {
    return this.chunks * slotBytes + (this.#vectors?.bytes ?? 0);
  }

  /** Takes the vectors of this model into the index. Returns the documents that have none of it. */
  useModel(model: string, dimensions: number): Entry[] {
    this.#vectors = new ExactIndex(dimensions);
    this.#model = model;
    this.#dimensions = dimensions;
    const others: Entry[] = [];
    for (const entry of this.entries.values()) {
      if (entry.model !== model) others.push(entry);
      else this.#index(entry);
    }
    return others;
  }

  /** Adds a document, or replaces the one of its name. */
  put(document: SearchDocument, passages: Passages, { segment, bytes }: Place): void {
    this.version += 1;
    const known = this.entries.get(document.id);
    if (known?.document.text === document.text && known.model === passages.model) {
      // Searches under way keep finding it.
      Object.assign(known, { document, segment, bytes });
      return;
    }
    if (known) this.#release(known);
    const order = known?.order ?? this.#made++;
    const slots: number[] = [];
    const { model, ranges } = passages;
    const entry: Entry = { document, order, model, slots, parked: passages, segment, bytes };
    for (let at = 0; at < ranges.length; at += 2) {
      slots.push(this.#take(entry, ranges[at] as number, ranges[at + 1] as number));
    }
    this.entries.set(document.id, entry);
    if (this.#vectors && model === this.#model) this.#index(entry);
  }

  remove(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.version += 1;
    this.#release(entry);
    this.entries.delete(id);
  }

  /** Returns what a segment holds of the document. */
  passagesOf({ slots, parked, model }: Entry): Passages {
    if (parked) return parked;
    const dimensions = this.#dimensions;
    const ranges = Uint32Array.from(
      slots.flatMap((slot) => [this.#starts[slot] as number, this.#ends[slot] as number]),
    );
    const codes = new Int8Array(slots.length * dimensions);
    const scales = Float32Array.from(slots, (slot, index) =>
      (this.#vectors as VectorIndex).read(slot, codes.subarray(index * dimensions, (index + 1) * dimensions)),
    );
    return { model, dimensions, ranges, scales, codes };
  }

  /** Returns a 1 for each passage of the documents that `filter` lets through. */
  allowed(filter: (document: SearchDocument) => boolean): Uint8Array {
    const mask = new Uint8Array(this.#owners.length);
    for (const { document, slots } of this.entries.values()) {
      if (slots.length > 0 && filter(document)) for (const slot of slots) mask[slot] = 1;
    }
    return mask;
  }

  /** Finds passages by words; undefined if MiniSearch is missing. */
  byWords(query: string, allowed: Uint8Array | undefined): FoundByWords<Passage & { score: number }> | undefined {
    if (!this.#keywords) return undefined;
    const { found, most } = this.#keywords.search(query, allowed);
    return { found: found.map((near) => this.#passage(near)), most };
  }

  byVector(query: Float32Array, count: number, allowed: Uint8Array | undefined): (Passage & { score: number })[] {
    return (this.#vectors?.scan(query, count, allowed) ?? []).map((near) => this.#passage(near));
  }

  #passage({ slot, score }: Near): Passage & { score: number } {
    const [start, end] = [this.#starts[slot] as number, this.#ends[slot] as number];
    return { entry: this.#owners[slot] as Entry, start, end, score };
  }

  #index(entry: Entry): void {
    const { slots, parked } = entry;
    if (!parked) return;
    for (const [index, slot] of slots.entries()) {
      const codes = parked.codes.subarray(index * this.#dimensions, (index + 1) * this.#dimensions);
      this.#vectors?.add(slot, codes, parked.scales[index] as number);
    }
    entry.parked = undefined;
  }

  #take(entry: Entry, start: number, end: number): number {
    const slot = this.#free.pop() ?? this.#owners.length;
    if (slot >= this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[slot] = start;
    this.#ends[slot] = end;
    this.#owners[slot] = entry;
    this.#keywords?.add(slot, entry.document.text.slice(start, end));
    return slot;
  }

  #release({ slots, document: { text } }: Entry): void {
    for (const slot of slots) {
      this.#keywords?.remove(slot, text.slice(this.#starts[slot], this.#ends[slot]));
      this.#vectors?.remove(slot);
      this.#owners[slot] = undefined;
      this.#free.push(slot);
    }
  }
}

function grown(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
