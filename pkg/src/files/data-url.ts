import { RerankError } from '../common/errors.js';

/**
 * The bytes in a `data:` URL, which bundlers make of small files. There is no fetch: a page's policy may not allow one.
 *
 * @throws `download_failed` for base64 that is none
 */
export function decodeDataUrl(url: string): Uint8Array<ArrayBuffer> {
  const [, isBase64, data = ''] = /^data:[^,]*?(;\s*base64)?,(.*)$/is.exec(url) ?? [];
  try {
    const text = unescapeBytes(data.replace(/#.*$/s, ''));
    return Uint8Array.from(isBase64 ? atob(text) : text, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new RerankError('download_failed', 'a data: URL is not in base64', { cause });
  }
}

/** Each character of what comes out is a byte. */
function unescapeBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}
