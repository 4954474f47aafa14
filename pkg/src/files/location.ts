import { RerankError } from '../common/errors.js';
import { hrefOf, isBlob, isBytes, isObject, isUrl, parseUrl } from '../common/kinds.js';
import type { OpenFile } from './local-files.js';

/** Opens a file. */
export type Opener = () => Response | Promise<Response>;

/** A file's bytes, or where they are. */
export type PlainLocation = Uint8Array<ArrayBuffer> | Blob | string | Opener | RemoteFile;

/** A location that stays with the thread that has it; a text is a `data:` or `blob:` URL. */
export type SourceLocation = Uint8Array<ArrayBuffer> | Blob | Opener | string;

/** A file that another thread holds. */
export interface RemoteFile {
  /** Names the place of the file, for messages. */
  description: string;
  open(): Promise<OpenFile>;
}

/** True for a file that another thread holds. */
export function isRemoteFile(location: PlainLocation): location is RemoteFile {
  return isObject(location) && 'open' in location;
}

/** Returns undefined for a value that is no location. */
export function plainLocation(location: unknown): PlainLocation | undefined {
  if (isBytes(location)) return ArrayBuffer.isView(location) ? location : new Uint8Array(location);
  if (isBlob(location)) return location;
  if (isUrl(location)) return hrefOf(location);
  if (typeof location === 'function') return location as Opener;
  if (typeof location !== 'string') return undefined;
  // It may hold a whole file; the parser would copy that.
  return /^data:[^,]*;base64,/.test(location) ? location : parseUrl(location)?.href;
}

/** Names the place of a file, for messages. */
export function describeLocation(location: PlainLocation): string {
  if (typeof location === 'function') return 'a response';
  if (isRemoteFile(location)) return location.description;
  if (typeof location !== 'string') return isBlob(location) ? 'a blob' : 'bytes';
  return location.startsWith('data:') ? 'a data: URL' : location;
}

/** The failure for a local file if the platform has no file system. */
export function noLocalFiles(place: string): RerankError {
  const message = `This platform cannot read local files such as ${place}; use an http: or https: URL, or bytes.`;
  return new RerankError('unsupported_environment', message);
}
