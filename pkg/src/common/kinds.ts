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
