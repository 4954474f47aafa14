import { RerankError } from '../common/errors.js';

/**
 * Returns the bytes in a `data:` URL, which bundlers make of small files. It decodes them itself, because a page's
 * policy may forbid a fetch.
 *
 * @throws `download_failed` for bytes that are not valid base64
 */
export function decodeDataUrl(url: string): Uint8Array<ArrayBuffer> {
  const [, isBase64, data = ''] = /^data:[^,]*?(;\s*base64)?,(.*)$/is.exec(url) ?? [];
  try {
    const text = unescapeBytes(data.replace(/#.*$/s, ''));
    return Uint8Array.from(isBase64 ? atob(text) : text, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new RerankError(
      'download_failed',
      'A data: URL says that it holds base64, and it holds something else; encode its file again.',
      { cause },
    );
  }
}

/** Returns a text with one character for each byte. */
function unescapeBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}
