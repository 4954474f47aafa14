import type { CacheBackend } from './types.js';

/**
 * Where the engine comes from, in a form that can be sent to a worker; undefined for the package's own. A text is a URL,
 * of a directory if it ends in a slash.
 */
export type EngineSource = WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer | string | undefined;

/** `'auto'` and undefined choose the same number; only a caller who wrote `'auto'` gets a warning that says why it is one. */
export type ThreadWish = 'auto' | number | undefined;

/** Which cache a caller chose. */
export type CacheChoice = 'auto' | 'none' | CacheBackend;
