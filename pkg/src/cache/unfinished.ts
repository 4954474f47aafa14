import type { CacheOrigin, UnfinishedFile } from '../common/cache-backend.js';
import { isObject } from '../common/kinds.js';

/** A killed process or a closed tab loses less than this much of a download. */
export const blockBytes = 1 << 18;

/** The part of a download that was cut is kept for this long. */
export const keptMilliseconds = 7 * 24 * 60 * 60 * 1000;

// FNV-1a of 32 bits. It finds damage, and takes a tenth of the time of SHA-256, which is checked at the end.
const sumStart = 0x811c9dc5;
const sumFactor = 0x01000193;

/** A journal has a line with the origin of its file, then a line with the checksum of each whole block. */
export interface Journal {
  origin: CacheOrigin;
  sums: string[];
}

/** Writes the first line of a journal. */
export function journalHead({ url, version }: CacheOrigin): string {
  return `${JSON.stringify({ url, version })}\n`;
}

/** Writes the further lines of a journal while the bytes of its file pass. */
export class BlockSums {
  #sum = sumStart;
  #filled = 0;

  /** Returns a line for each block that the chunk completes. */
  linesOf(chunk: Uint8Array): string {
    let lines = '';
    for (let start = 0; start < chunk.length; ) {
      const end = Math.min(chunk.length, start + blockBytes - this.#filled);
      this.#sum = sumOf(this.#sum, chunk, start, end);
      this.#filled += end - start;
      start = end;
      if (this.#filled < blockBytes) continue;
      lines += `${textOf(this.#sum)}\n`;
      this.#sum = sumStart;
      this.#filled = 0;
    }
    return lines;
  }
}

/** Reads a journal up to the first line that is damaged; undefined if that is its head. */
export function parseJournal(text: string): Journal | undefined {
  // What stands behind the last line end was cut.
  const [head = '', ...lines] = text.split('\n').slice(0, -1);
  const origin = parseHead(head);
  if (!origin) return undefined;
  const damaged = lines.findIndex((line) => !/^[0-9a-f]{8}$/.test(line));
  return { origin, sums: damaged < 0 ? lines : lines.slice(0, damaged) };
}

function parseHead(line: string): CacheOrigin | undefined {
  try {
    const head: unknown = JSON.parse(line);
    if (!isObject(head) || typeof head.url !== 'string') return undefined;
    return { url: head.url, ...(typeof head.version === 'string' && { version: head.version }) };
  } catch {
    return undefined;
  }
}

/** Reads bytes of a file from this position into the buffer; returns how many. */
export type ReadAt = (buffer: Uint8Array<ArrayBuffer>, position: number) => number | Promise<number>;

/** Returns the beginning of the journal: as far as the blocks of the file are as they were written. */
export async function soundPart({ origin, sums }: Journal, read: ReadAt): Promise<Journal & { size: number }> {
  const block = new Uint8Array(blockBytes);
  let sound = 0;
  while (sound < sums.length && (await fill(block, sound * blockBytes, read))) {
    if (textOf(sumOf(sumStart, block, 0, blockBytes)) !== sums[sound]) break;
    sound += 1;
  }
  return { origin, sums: sums.slice(0, sound), size: sound * blockBytes };
}

/** Writes the journal as text. */
export function journalText({ origin, sums }: Journal): string {
  return journalHead(origin) + sums.map((sum) => `${sum}\n`).join('');
}

/** Opens the files of these names. Returns the longest and drops the others, but for those that cannot be opened. */
export async function longestOf(
  names: string[],
  open: (name: string) => Promise<UnfinishedFile | undefined>,
): Promise<UnfinishedFile | undefined> {
  let longest: UnfinishedFile | undefined;
  for (const name of names) {
    const found = await open(name).catch(() => undefined);
    const [longer, shorter] = (found?.size ?? 0) > (longest?.size ?? 0) ? [found, longest] : [longest, found];
    await shorter?.writer.abort();
    longest = longer;
  }
  return longest;
}

/** Streams the first `size` bytes of a file. */
export function streamOf(size: number, read: ReadAt): ReadableStream<Uint8Array> {
  let position = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (position === size) return controller.close();
      const chunk = new Uint8Array(Math.min(4 * blockBytes, size - position));
      const count = await read(chunk, position);
      if (count === 0) throw new Error('A file in the cache became shorter while it was read.');
      position += count;
      controller.enqueue(chunk.subarray(0, count));
    },
  });
}

/** Returns true if the file has as many bytes from this position on as the buffer takes. */
async function fill(buffer: Uint8Array<ArrayBuffer>, position: number, read: ReadAt): Promise<boolean> {
  for (let filled = 0; filled < buffer.length; ) {
    const count = await read(buffer.subarray(filled), position + filled);
    if (count === 0) return false;
    filled += count;
  }
  return true;
}

function sumOf(start: number, bytes: Uint8Array, from: number, to: number): number {
  let sum = start;
  for (let index = from; index < to; index += 1) sum = Math.imul(sum ^ (bytes[index] as number), sumFactor);
  return sum;
}

function textOf(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
