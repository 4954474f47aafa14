/** Opens a file. */
export type Opener = () => Response | Promise<Response>;

/** A file's bytes, or where they are, in a form that, but for what opens one, can be sent to a worker. */
export type PlainLocation = Uint8Array<ArrayBuffer> | Blob | string | Opener;

// Tags instead of instanceof: values may come from another realm (a frame, a test runner's sandbox).
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

export function isUrl(value: unknown): value is URL {
  return tagOf(value) === 'URL';
}

export function isBlob(value: unknown): value is Blob {
  return ['Blob', 'File'].includes(tagOf(value));
}

export function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> | ArrayBuffer {
  return ['Uint8Array', 'ArrayBuffer'].includes(tagOf(value));
}

export function isWasmModule(value: unknown): value is WebAssembly.Module {
  return tagOf(value) === 'WebAssembly.Module';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The text as a URL where it is an absolute one. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The URL written out in full: those that Turbopack gives for files, although of the kind URL, are relative. */
export function hrefOf({ href }: URL): string {
  return new URL(href, globalThis.location?.href).href;
}

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
