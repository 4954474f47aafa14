import type { CacheBackend } from './cache-backend.js';

/**
 * The engine that a caller chose, in a form that can be sent to a worker; undefined for the package's. A text is a URL;
 * with a slash at its end it is the URL of a directory.
 */
export type EngineSource = WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer | string | undefined;

/** `'auto'` and undefined choose the same number. A caller who wrote `'auto'` gets a warning if the number is one. */
export type ThreadWish = 'auto' | number | undefined;

/** The cache that a caller chose. */
export type CacheChoice = 'auto' | 'none' | CacheBackend;
