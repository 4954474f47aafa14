import { piecesOf } from '../common/chunks.js';
import { RerankError } from '../common/errors.js';
import { Sha256 } from '../common/sha256.js';
import { breaks } from './breaks.js';

/** The vectors and ranges of a document's passages. */
export interface Passages {
  /** Identifies the model and the cutting behind them; empty if there are no vectors. */
  model: string;
  /** How many numbers a vector has; 0 if there are none. */
  dimensions: number;
  /** Start and end of each passage in the text. */
  ranges: Uint32Array;
  /** A number is its code times the scale of its passage. */
  scales: Float32Array;
  codes: Int8Array;
}

/** A document as a segment holds it. */
export interface StoredDocument {
  document: { id: string; text: string };
  passages: Passages;
}

/** What one change of the index says. Removals come before documents. */
export interface Segment {
  removed: string[];
  documents: StoredDocument[];
}

/** Begins each segment, and names the format. */
const magic = 'RWSEARCH1\n';

/** Length of the segment before it, in decimal, and its SHA-256. */
const trailerBytes = 16 + 64;

/** Most segments are small, and so is the first part. */
const firstPartBytes = 1 << 16;
const partBytes = 1 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sizes of the parts of a record: JSON, passages, numbers of a vector, name of the model. */
const recordHead = 16;

/** Writes a segment as the parts of a file, and returns the size of each document's part. */
export async function encodeSegment({
  removed,
  documents,
}: Segment): Promise<{ parts: Uint8Array[]; sizes: number[] }> {
  const rest = breaks();
  const writer = new Writer();
  const head = encoder.encode(JSON.stringify({ removed, documents: documents.length }));
  writer.add(encoder.encode(magic), Uint32Array.of(head.length), head);
  const sizes: number[] = [];
  for (const { document, passages } of documents) {
    const { model, dimensions, ranges, scales, codes } = passages;
    const json = encoder.encode(JSON.stringify(document));
    const name = encoder.encode(model);
    const lengths = Uint32Array.of(json.length, ranges.length / 2, dimensions, name.length);
    sizes.push(writer.add(lengths, json, name, ranges, scales, codes));
    await rest();
  }
  return { parts: writer.finish(), sizes };
}

/** Joins bytes to parts of a mebibyte: each costs a call of the file system. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  readonly #hash = new Sha256();
  #part = new Uint8Array(firstPartBytes);
  #used = 0;
  #length = 0;

  /** Returns how many bytes were added. */
  add(...arrays: ArrayBufferView[]): number {
    const before = this.#length;
    for (const array of arrays) {
      const bytes = bytesOf(array);
      this.#hash.update(bytes);
      this.#put(bytes);
      this.#length += bytes.length;
    }
    return this.#length - before;
  }

  finish(): Uint8Array[] {
    this.#put(encoder.encode(String(this.#length).padStart(16, '0') + this.#hash.digest()));
    return [...this.#parts, this.#part.subarray(0, this.#used)];
  }

  #put(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#part.length) {
      this.#parts.push(this.#part.subarray(0, this.#used));
      this.#part = new Uint8Array(Math.max(partBytes, bytes.length));
      this.#used = 0;
    }
    this.#part.set(bytes, this.#used);
    this.#used += bytes.length;
  }
}

/**
 * Reads a segment. Returns undefined for one that was not written completely, or is damaged.
 *
 * @throws `invalid_input` for a sound segment of another version of the package
 */
export async function decodeSegment(bytes: Uint8Array): Promise<(Segment & { sizes: number[] }) | undefined> {
  if (!(await isWhole(bytes))) return undefined;
  const rest = breaks();
  const reader = new Reader(bytes.subarray(0, bytes.length - trailerBytes));
  if (reader.text(magic.length) !== magic) {
    throw new RerankError(
      'invalid_input',
      'The index was written by another version of rerank-wasm; update the package, or choose another `name`.',
    );
  }
  const { removed, documents: count } = JSON.parse(reader.text(reader.number())) as {
    removed: string[];
    documents: number;
  };
  const documents: StoredDocument[] = [];
  const sizes: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = reader.position;
    documents.push(reader.document());
    sizes.push(reader.position - start);
    await rest();
  }
  return { removed, documents, sizes };
}

async function isWhole(bytes: Uint8Array): Promise<boolean> {
  const length = bytes.length - trailerBytes;
  if (length < magic.length) return false;
  const trailer = decoder.decode(bytes.subarray(length));
  if (Number(trailer.slice(0, 16)) !== length) return false;
  const rest = breaks();
  const hash = new Sha256();
  for (const piece of piecesOf(bytes.subarray(0, length))) {
    hash.update(piece);
    await rest();
  }
  return hash.digest() === trailer.slice(16);
}

/** Reads the parts of a segment one after the other. The arrays that it returns are copies, which are aligned. */
class Reader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    // `slice` of Node's buffers makes no copy.
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
  }

  text(length: number): string {
    return decoder.decode(this.#take(length));
  }

  number(): number {
    return new DataView(this.#take(4).slice().buffer).getUint32(0, true);
  }

  document(): StoredDocument {
    const [json = 0, chunks = 0, dimensions = 0, name = 0] = new Uint32Array(this.#take(recordHead).slice().buffer);
    const document = JSON.parse(this.text(json)) as StoredDocument['document'];
    const model = this.text(name);
    const ranges = new Uint32Array(this.#take(8 * chunks).slice().buffer);
    const rows = dimensions > 0 ? chunks : 0;
    const scales = new Float32Array(this.#take(4 * rows).slice().buffer);
    const codes = new Int8Array(this.#take(rows * dimensions).slice().buffer);
    return { document, passages: { model, dimensions, ranges, scales, codes } };
  }

  #take(length: number): Uint8Array {
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
