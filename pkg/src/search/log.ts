import { RerankError, withReason } from '../common/errors.js';
import { breaks } from './breaks.js';
import type { Collection, Place } from './collection.js';
import { decodeSegment, encodeSegment, type Segment } from './segment.js';
import type { SearchStore } from './store.js';

/** More segments than this are merged. */
const mostSegments = 64;

/** Smaller indexes are not rewritten because of what is dead in them. */
const fewBytes = 1 << 16;

/** A file of the log. It stands for the changes `first` to `last`. */
interface SegmentFile {
  first: number;
  last: number;
  bytes: number;
  removed: string[];
}

/** A segment, with the size of each document's part. */
type SizedSegment = Segment & { sizes: readonly number[] };

/**
 * The index on the disk: a list of segments, each of which appears whole or not at all. A merged segment stands for the
 * changes of several, which are removed once it is written.
 */
export class SegmentLog {
  readonly #store: SearchStore;
  readonly #files: SegmentFile[] = [];
  #next = 1;

  private constructor(store: SearchStore) {
    this.#store = store;
  }

  /** Reads all segments into the collection. */
  static async open(store: SearchStore, collection: Collection): Promise<SegmentLog> {
    const log = new SegmentLog(store);
    const names = (await orFail('read', store.list())).flatMap((name) => {
      const [, first, last] = /^(\d+)-(\d+)\.segment$/.exec(name) ?? [];
      return first && last ? [{ name, first: Number(first), last: Number(last) }] : [];
    });
    // A merged segment comes before those that it stands for.
    names.sort((a, b) => a.first - b.first || b.last - a.last);
    for (const { name, first, last } of names) {
      log.#next = Math.max(log.#next, last + 1);
      const isCovered = last <= (log.#files.at(-1)?.last ?? 0);
      const bytes = isCovered ? undefined : await orFail('read', store.read(name));
      const segment = bytes && (await decodeSegment(bytes));
      if (!segment) await store.remove(name);
      else await log.#read({ first, last, bytes: bytes.length, removed: segment.removed }, segment, collection);
    }
    return log;
  }

  /** Writes a change and then makes it in the collection. */
  async append(segment: Segment, collection: Collection): Promise<void> {
    const number = this.#next;
    const { bytes, sizes } = await this.#write(segment, number, number);
    this.#next += 1;
    const file = { first: number, last: number, bytes, removed: segment.removed };
    this.#files.push(file);
    // All at once: a search finds all of it or nothing.
    for (const change of changesOf(file, { ...segment, sizes }, collection)) change();
    // The change is kept. A merge that failed is tried again after the next one.
    await this.#tidy(collection).catch(() => {});
  }

  async #read(file: SegmentFile, segment: SizedSegment, collection: Collection): Promise<void> {
    const rest = breaks();
    this.#files.push(file);
    for (const change of changesOf(file, segment, collection)) {
      change();
      await rest();
    }
  }

  /** Merges segments if there are many, or if most of their bytes are dead. */
  async #tidy(collection: Collection): Promise<void> {
    const total = this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > fewBytes) {
      let live = 0;
      for (const { bytes } of collection.entries.values()) live += bytes;
      if (live < total / 2) return this.#merge(0, collection);
    }
    if (this.#files.length > mostSegments) await this.#merge(this.#firstToMerge(), collection);
  }

  /** Leaves out early segments that are much larger than all after them, so that they are rewritten seldom. */
  #firstToMerge(): number {
    const files = this.#files;
    let first = files.length - 1;
    let bytes = 0;
    while (first > 0) {
      bytes += files[first]?.bytes as number;
      if ((files[first - 1]?.bytes as number) > 2 * bytes) break;
      first -= 1;
    }
    return first;
  }

  async #merge(index: number, collection: Collection): Promise<void> {
    const merged = this.#files.slice(index);
    const { first } = merged[0] as SegmentFile;
    const { last } = merged.at(-1) as SegmentFile;
    const entries = [...collection.entries.values()].filter(({ segment }) => segment >= first);
    // Earlier segments may hold what was removed later.
    const removed = index === 0 ? [] : [...new Set(merged.flatMap((file) => file.removed))];
    const documents = entries.map((entry) => ({ document: entry.document, passages: collection.passagesOf(entry) }));
    const { bytes, sizes } = await this.#write({ removed, documents }, first, last);
    this.#files.splice(index, merged.length, { first, last, bytes, removed });
    for (const [at, entry] of entries.entries()) {
      Object.assign(entry, { segment: last, bytes: sizes[at] as number } satisfies Place);
    }
    for (const file of merged) await this.#store.remove(nameOf(file));
  }

  async #write(segment: Segment, first: number, last: number): Promise<{ bytes: number; sizes: number[] }> {
    const { parts, sizes } = await encodeSegment(segment);
    await orFail('written', this.#store.write(nameOf({ first, last }), parts));
    return { bytes: parts.reduce((sum, { length }) => sum + length, 0), sizes };
  }
}

/** Awaits what a store does. Its failures are those of a disk. */
async function orFail<Value>(done: 'read' | 'written', promise: Promise<Value>): Promise<Value> {
  try {
    return await promise;
  } catch (cause) {
    const message = withReason(`The index cannot be ${done}`, cause, 'make room on the disk, and allow access to it');
    throw new RerankError('unsupported_environment', message, { cause });
  }
}

/** Yields the changes that a segment makes in a collection. */
function* changesOf(
  { last }: SegmentFile,
  { removed, documents, sizes }: SizedSegment,
  collection: Collection,
): Generator<() => void> {
  for (const id of removed) yield () => collection.remove(id);
  for (const [index, { document, passages }] of documents.entries()) {
    yield () => collection.put(document, passages, { segment: last, bytes: sizes[index] as number });
  }
}

function nameOf({ first, last }: { first: number; last: number }): string {
  return `${String(first).padStart(10, '0')}-${String(last).padStart(10, '0')}.segment`;
}
