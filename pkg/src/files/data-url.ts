import { RerankError } from '../common/errors.js';

/** Characters that are decoded at once. */
const pieceLength = 1 << 20;

/** Returns the number of bytes in a `data:` URL. It is too large if escapes or white space are among the data. */
export function dataUrlSize(url: string): number {
  const { start, end, isBase64 } = partsOf(url);
  const padding = /=*$/.exec(url.slice(Math.max(start, end - 2), end))?.[0].length ?? 0;
  return isBase64 ? Math.floor(((end - start - padding) * 3) / 4) : end - start;
}

/**
 * Yields the bytes in a `data:` URL, which bundlers make of small files. They are decoded here, because a page's policy
 * may forbid a fetch, and in pieces, because the file may be large.
 *
 * @throws `download_failed` for bytes that are not valid base64
 */
export function* dataUrlChunks(url: string): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { start, end, isBase64 } = partsOf(url);
  let rest = '';
  for (let next = start; next < end; ) {
    const stop = endOfPiece(url, next, end);
    const text = rest + unescapeBytes(url.slice(next, stop), isBase64);
    // Four characters are three bytes.
    const whole = isBase64 && stop < end ? text.length - (text.length % 4) : text.length;
    rest = text.slice(whole);
    if (whole > 0) yield bytesOf(isBase64 ? decode(text.slice(0, whole)) : text);
    next = stop;
  }
}

/** Where the data of a URL are. */
function partsOf(url: string): { start: number; end: number; isBase64: boolean } {
  const start = url.indexOf(',') + 1 || url.length;
  const fragment = url.indexOf('#', start);
  return { start, end: fragment < 0 ? url.length : fragment, isBase64: /;\s*base64\s*,$/i.test(url.slice(0, start)) };
}

/** The end of the piece that begins at `start`; no escape, which has three characters, is cut. */
function endOfPiece(url: string, start: number, end: number): number {
  const stop = start + pieceLength;
  if (stop >= end) return end;
  const cut = url.slice(stop - 2, stop).indexOf('%');
  return cut < 0 ? stop : stop - 2 + cut;
}

/** Returns a text with one character for each byte, or for each digit of base64. */
function unescapeBytes(text: string, isBase64: boolean): string {
  const plain = text.includes('%')
    ? text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
    : text;
  return isBase64 ? plain.replace(/\s+/g, '') : plain;
}

function decode(text: string): string {
  try {
    return atob(text);
  } catch (cause) {
    const message = 'A data: URL says that it holds base64, and it holds something else; encode its file again.';
    throw new RerankError('download_failed', message, { cause });
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}
