import { RerankError } from '../common/errors.js';

/** Characters that are decoded at once: a multiple of four, which are three bytes. */
const pieceLength = 1 << 20;

/**
 * Returns the bytes of a `data:` URL, which bundlers make. A page's policy may forbid to fetch it.
 *
 * @throws `download_failed`, with a chunk, for bytes that are not valid base64
 */
export function readDataUrl(url: string): { size: number; chunks: Iterable<Uint8Array<ArrayBuffer>> } {
  const start = url.indexOf(',') + 1 || url.length;
  const isBase64 = /;\s*base64\s*,$/i.test(url.slice(0, start));
  const fragment = url.indexOf('#', start);
  const text = unescapeBytes(url.slice(start, fragment < 0 ? undefined : fragment));
  const data = isBase64 ? text.replace(/\s+/g, '') : text;
  const size = isBase64 ? Math.floor((data.replace(/=+$/, '').length * 3) / 4) : data.length;
  return { size, chunks: decode(data, isBase64) };
}

/** Returns a text with one character for each byte. */
function unescapeBytes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function* decode(data: string, isBase64: boolean): Generator<Uint8Array<ArrayBuffer>> {
  try {
    for (let start = 0; start < data.length; start += pieceLength) {
      const piece = data.slice(start, start + pieceLength);
      yield bytesOf(isBase64 ? atob(piece) : piece);
    }
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
