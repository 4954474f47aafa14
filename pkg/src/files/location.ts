import { hrefOf, isBlob, isBytes, isUrl, parseUrl } from '../common/kinds.js';

/** Opens a file. */
export type Opener = () => Response | Promise<Response>;

/** A file's bytes, or where they are, in a form that, but for what opens one, can be sent to a worker. */
export type PlainLocation = Uint8Array<ArrayBuffer> | Blob | string | Opener;

/** `location` as {@link PlainLocation}; undefined where it is none. */
export function plainLocation(location: unknown): PlainLocation | undefined {
  if (isBytes(location)) return ArrayBuffer.isView(location) ? location : new Uint8Array(location);
  if (isBlob(location)) return location;
  if (isUrl(location)) return hrefOf(location);
  if (typeof location === 'function') return location as Opener;
  return typeof location === 'string' ? parseUrl(location)?.href : undefined;
}

/** Where a file is, for messages. */
export function describeLocation(location: PlainLocation): string {
  if (typeof location === 'function') return 'a response';
  if (typeof location !== 'string') return isBlob(location) ? 'a blob' : 'bytes';
  return location.startsWith('data:') ? 'a data: URL' : location;
}
