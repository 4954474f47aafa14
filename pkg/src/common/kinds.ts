/** The kind of a value. `instanceof` fails for values of another realm, such as a frame or a test runner's sandbox. */
export function tagOf(value: unknown): string {
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

/** Returns undefined for a text that is no absolute URL. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The URL in full. Turbopack's URLs of files are relative, although they are of the kind URL. */
export function hrefOf({ href }: URL): string {
  return new URL(href, globalThis.location?.href).href;
}
