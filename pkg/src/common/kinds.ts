/**
 * Uses what the platform keeps in an object, for each class that callers pass. A Proxy has the class of its target, and
 * the use throws.
 */
const uses: Record<string, (value: never) => unknown> = {
  URL: ({ href }: URL) => href,
  Blob: (blob: Blob) => blob.slice(0, 0),
  File: (file: File) => file.slice(0, 0),
  ArrayBuffer: ({ byteLength }: ArrayBuffer) => byteLength,
  AbortSignal(signal: AbortSignal) {
    signal.addEventListener('abort', ignore);
    signal.removeEventListener('abort', ignore);
  },
  'WebAssembly.Module': (module: WebAssembly.Module) => WebAssembly.Module.exports(module),
};

function ignore(): void {}

/** True for an object of the platform that a framework has wrapped, as Valtio does: it cannot be used. */
export function isBehindProxy(value: unknown): boolean {
  try {
    uses[tagOf(value)]?.(value as never);
    return false;
  } catch {
    return true;
  }
}

/** The class of a value, also if it is of another realm (a frame, a sandbox), where `instanceof` fails. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function isOneOf(classes: string[], value: unknown): boolean {
  return classes.includes(tagOf(value)) && !isBehindProxy(value);
}

export function isUrl(value: unknown): value is URL {
  return isOneOf(['URL'], value);
}

export function isBlob(value: unknown): value is Blob {
  return isOneOf(['Blob', 'File'], value);
}

export function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> | ArrayBuffer {
  return isOneOf(['Uint8Array', 'ArrayBuffer'], value);
}

export function isWasmModule(value: unknown): value is WebAssembly.Module {
  return isOneOf(['WebAssembly.Module'], value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Returns undefined if the text is no absolute URL. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Returns the URL in full: the URL objects that Turbopack makes for files are relative. */
export function hrefOf({ href }: URL): string {
  // It may hold a whole file, which is not copied.
  if (href.startsWith('data:')) return href;
  return new URL(href, globalThis.location?.href).href;
}
