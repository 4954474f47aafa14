import { checkCallback, checkCount, checkOptions, checkSignal, invalidChoice, invalidValue } from '../common/check.js';
import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { hrefOf, isBytes, isObject, isUrl, isWasmModule, parseUrl } from '../common/kinds.js';
import type { RerankWarning } from '../common/loading.js';
import type { RerankerOptions } from '../common/types.js';
import type { LocalFiles } from '../files/local-files.js';
import type { ModelWish } from '../files/resolve.js';

/** The checked options that every model has; `model`, `hub`, `file` and `token` are checked when they are resolved. */
export interface CheckedModelOptions extends Pick<RerankerOptions, 'onProgress' | 'signal'> {
  wish: ModelWish;
  cache: CacheChoice;
  worker: 'auto' | boolean | (() => Worker);
  threads: ThreadWish;
  wasm: EngineSource;
  /** In milliseconds. */
  idleTimeout: number | undefined;
  /** Receives each warning code once. */
  onWarning: (warning: RerankWarning) => void;
}

const names = [
  ...['model', 'hub', 'file', 'token', 'worker', 'threads', 'wasm', 'cache', 'idleTimeout'],
  ...['onProgress', 'onWarning', 'signal'],
];

/**
 * Checks the options that every model has. Returns the `others`, unchecked, by their names.
 *
 * @throws `invalid_input`
 */
export function checkModelOptions(
  options: unknown,
  others: readonly string[],
  local: LocalFiles | undefined,
): { checked: CheckedModelOptions; others: Record<string, unknown> } {
  const given = checkOptions(options, [...names, ...others]);
  const { model, hub, file, token, worker, threads, wasm, cache, idleTimeout } = given;
  const { onProgress, onWarning, signal } = given;
  return {
    checked: {
      wish: { model, hub, file, token },
      worker: checkWorker(worker),
      threads: checkThreads(threads),
      wasm: checkEngine(wasm, local),
      cache: checkCache(cache),
      idleTimeout: checkCount(idleTimeout, 'idleTimeout'),
      onProgress: checkCallback<RerankerOptions['onProgress']>(onProgress, 'onProgress'),
      onWarning: oncePerCode(checkCallback<RerankerOptions['onWarning']>(onWarning, 'onWarning')),
      signal: checkSignal(signal),
    },
    others: given,
  };
}

/** Passes the first warning of each code on: the cache is opened for the choice of files and again for the files. */
function oncePerCode(onWarning: RerankerOptions['onWarning']): (warning: RerankWarning) => void {
  const seen = new Set<string>();
  return (warning) => {
    if (seen.has(warning.code)) return;
    seen.add(warning.code);
    onWarning?.(warning);
  };
}

/** @throws `invalid_input` */
export function checkModelFilesOptions(model: unknown, options: unknown) {
  const { hub, file, token, cache, signal } = checkOptions(options, ['hub', 'file', 'token', 'cache', 'signal']);
  return { wish: { model, hub, file, token } as ModelWish, cache: checkCache(cache), signal: checkSignal(signal) };
}

function checkThreads(value: unknown): ThreadWish {
  if (value === undefined || value === 'auto') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw invalidChoice('threads', "'auto' or a positive integer", value);
}

function checkWorker(value: unknown): 'auto' | boolean | (() => Worker) {
  if (value === undefined || value === 'auto') return 'auto';
  if (typeof value === 'boolean' || typeof value === 'function') return value as boolean | (() => Worker);
  throw invalidChoice('worker', "'auto', true, false or a function that starts a Worker", value);
}

function checkCache(value: unknown): CacheChoice {
  if (value === undefined || value === 'auto') return 'auto';
  if (value === false || value === 'none') return 'none';
  const methods = ['read', 'write', 'delete', 'list'];
  if (isObject(value) && methods.every((name) => typeof value[name] === 'function')) {
    checkCallback(value.resume, 'cache.resume');
    return value as unknown as CacheChoice;
  }
  throw invalidChoice('cache', `'auto', 'none', false or an object with the methods ${methods.join(', ')}`, value);
}

function checkEngine(value: unknown, local: LocalFiles | undefined): EngineSource {
  if (value === undefined || isBytes(value)) return value;
  if (isUrl(value)) return hrefOf(value);
  if (typeof value === 'string') {
    const url = parseUrl(value);
    // One letter names a disk of Windows.
    if (url && url.protocol.length > 2) return url.href;
    if (local && value !== '') return local.urlOf(value).href;
  }
  if (isWasmModule(value)) return value;
  throw invalidValue('wasm', 'a WebAssembly.Module, bytes or an absolute URL', value);
}
