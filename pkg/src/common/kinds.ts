/**
 * Uses what the platform keeps in an object, for each class that callers pass. A Proxy has the class of its target, and
 * the use throws.
 */
const uses: Record<string, (value: never) => unknown> = {
  URL: ({ href }: URL) => href,
  Blob: slice,
  File: slice,
  ArrayBuffer: slice,
  AbortSignal(signal: AbortSignal) {
    signal.addEventListener('abort', ignore);
    signal.removeEventListener('abort', ignore);
  },
  'WebAssembly.Module': (module: WebAssembly.Module) => WebAssembly.Module.exports(module),
};

function slice(value: Blob | ArrayBuffer): unknown {
  return value.slice(0, 0);
}

function ignore(): void {}

/** Ends the class of an object that a framework has wrapped, as Valtio does: it cannot be used. */
export const behindProxy = ' behind a Proxy';

/** The class of a value, also if it is of another realm (a frame, a sandbox), where `instanceof` fails. */
export function tagOf(value: unknown): string {
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  try {
    uses[tag]?.(value as never);
    return tag;
  } catch {
    return tag + behindProxy;
  }
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
