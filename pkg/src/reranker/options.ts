import type { CacheChoice } from '../cache/model-cache.js';
import { RerankError } from '../common/errors.js';
import { hrefOf, isBytes, isObject, isUrl, isWasmModule, parseUrl } from '../common/kinds.js';
import type { RerankerOptions, RerankOptions } from '../common/types.js';

/** The error for an argument with the wrong type or value. */
export function invalid(message: string): RerankError {
  return new RerankError('invalid_input', message);
}

/** Refuses names that mean nothing: a misspelt option must not be ignored in silence. */
export function checkNames(value: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw invalid(`${where} has no ${JSON.stringify(name)}; it has ${known.join(', ')}`);
  }
}

/**
 * Where the engine comes from, in a form that can be sent to a worker; undefined for the package's own. A text is a URL,
 * of a directory where it ends in a slash.
 */
export type EngineSource = WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer | string | undefined;

/** `'auto'` and no wish at all are the same, but that nobody who has none is told why there is only one. */
export type ThreadWish = 'auto' | number | undefined;

/** The options of `createReranker` but for `model` and `hub`, checked. */
export interface CheckedRerankerOptions extends Pick<RerankerOptions, 'onProgress' | 'onWarning' | 'signal'> {
  cache: CacheChoice;
  worker: 'auto' | boolean | (() => Worker);
  threads: ThreadWish;
  wasm: EngineSource;
}

/** @throws `invalid_input` */
export function checkRerankerOptions(options: unknown): CheckedRerankerOptions & { model: unknown; hub: unknown } {
  const { model, hub, worker, threads, wasm, cache, onProgress, onWarning, signal } = checkObject(options, [
    'model',
    'hub',
    'worker',
    'threads',
    'wasm',
    'cache',
    'onProgress',
    'onWarning',
    'signal',
  ]);
  return {
    model,
    hub,
    worker: checkWorker(worker),
    threads: checkThreads(threads),
    wasm: checkEngine(wasm),
    cache: checkCache(cache),
    onProgress: checkCallback<RerankerOptions['onProgress']>(onProgress, 'onProgress'),
    onWarning: checkCallback<RerankerOptions['onWarning']>(onWarning, 'onWarning'),
    signal: checkSignal(signal),
  };
}

/** The options of `rerank`, checked. */
export type CheckedRerankOptions = RerankOptions &
  Required<Pick<RerankOptions, 'activation' | 'returnDocuments' | 'longDocuments'>>;

/** @throws `invalid_input` */
export function checkRerankOptions(options: unknown): CheckedRerankOptions {
  const { topN, returnDocuments, longDocuments, maxTokens, activation, onProgress, signal } = checkObject(options, [
    'topN',
    'returnDocuments',
    'longDocuments',
    'maxTokens',
    'activation',
    'onProgress',
    'signal',
  ]);
  if (returnDocuments !== undefined && typeof returnDocuments !== 'boolean') {
    throw invalid('returnDocuments must be true or false');
  }
  if (longDocuments !== undefined && longDocuments !== 'truncate' && longDocuments !== 'chunk') {
    throw invalid("longDocuments must be 'truncate' or 'chunk'");
  }
  if (activation !== undefined && activation !== 'sigmoid' && activation !== 'none') {
    throw invalid("activation must be 'sigmoid' or 'none'");
  }
  return {
    topN: checkCount(topN, 'topN'),
    returnDocuments: returnDocuments ?? false,
    longDocuments: longDocuments ?? 'truncate',
    maxTokens: checkCount(maxTokens, 'maxTokens'),
    activation: activation ?? 'sigmoid',
    onProgress: checkCallback<RerankOptions['onProgress']>(onProgress, 'onProgress'),
    signal: checkSignal(signal),
  };
}

function checkObject(options: unknown, known: readonly string[]): Record<string, unknown> {
  if (options === undefined) return {};
  if (!isObject(options) || Array.isArray(options)) throw invalid('options must be an object');
  checkNames(options, known, 'options');
  return options;
}

function checkCount(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(`${name} must be a positive integer`);
  }
  return value;
}

function checkThreads(value: unknown): ThreadWish {
  if (value === undefined || value === 'auto') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid("threads must be 'auto' or a positive integer");
}

function checkCallback<Callback>(value: unknown, name: string): Callback | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalid(`${name} must be a function`);
  return value as Callback | undefined;
}

function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value) || typeof value.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
    throw invalid('signal must be an AbortSignal');
  }
  return value as unknown as AbortSignal;
}

function checkWorker(value: unknown): 'auto' | boolean | (() => Worker) {
  if (value === undefined || value === 'auto') return 'auto';
  if (typeof value === 'boolean' || typeof value === 'function') return value as boolean | (() => Worker);
  throw invalid("worker must be 'auto', true, false or a function that starts a Worker");
}

function checkCache(value: unknown): CacheChoice {
  if (value === undefined || value === 'auto') return 'auto';
  if (value === false || value === 'none') return 'none';
  const methods = ['read', 'write', 'delete', 'list'];
  if (isObject(value) && methods.every((name) => typeof value[name] === 'function')) {
    return value as unknown as CacheChoice;
  }
  throw invalid(`cache must be 'auto', 'none', false or an object with the methods ${methods.join(', ')}`);
}

function checkEngine(value: unknown): EngineSource {
  if (value === undefined || isBytes(value)) return value;
  if (isUrl(value)) return hrefOf(value);
  if (typeof value === 'string') {
    const url = parseUrl(value);
    if (url) return url.href;
  }
  if (isWasmModule(value)) return value;
  throw invalid('wasm must be a WebAssembly.Module, bytes or an absolute URL');
}
