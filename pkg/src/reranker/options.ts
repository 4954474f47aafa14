import { checkCallback, checkCount, checkOptions, checkSignal, invalidChoice, invalidValue } from '../common/check.js';
import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { hrefOf, isBytes, isObject, isUrl, isWasmModule, parseUrl, tagOf } from '../common/kinds.js';
import type { ScoreCache } from '../common/score-cache.js';
import type { RerankerOptions, RerankOptions } from '../common/types.js';
import type { LocalFiles } from '../files/local-files.js';
import type { ModelWish } from '../files/resolve.js';

/** The checked options of `createReranker`; `model`, `hub`, `file` and `token` are checked when they are resolved. */
export interface CheckedRerankerOptions extends Pick<RerankerOptions, 'onProgress' | 'onWarning' | 'signal'> {
  cache: CacheChoice;
  worker: 'auto' | boolean | (() => Worker);
  threads: ThreadWish;
  wasm: EngineSource;
  scoreCache: ScoreCache | undefined;
  /** In milliseconds. */
  idleTimeout: number | undefined;
}

const names = [
  ...['model', 'hub', 'file', 'token', 'worker', 'threads', 'wasm', 'cache', 'scoreCache', 'idleTimeout'],
  ...['onProgress', 'onWarning', 'signal'],
];

/** @throws `invalid_input` */
export function checkRerankerOptions(
  options: unknown,
  local?: LocalFiles,
): CheckedRerankerOptions & { wish: ModelWish } {
  const checked = checkOptions(options, names);
  const { model, hub, file, token, worker, threads, wasm, cache, scoreCache, idleTimeout } = checked;
  const { onProgress, onWarning, signal } = checked;
  return {
    wish: { model, hub, file, token },
    worker: checkWorker(worker),
    threads: checkThreads(threads),
    wasm: checkEngine(wasm, local),
    cache: checkCache(cache),
    scoreCache: checkScoreCache(scoreCache),
    idleTimeout: checkCount(idleTimeout, 'idleTimeout'),
    onProgress: checkCallback<RerankerOptions['onProgress']>(onProgress, 'onProgress'),
    onWarning: checkCallback<RerankerOptions['onWarning']>(onWarning, 'onWarning'),
    signal: checkSignal(signal),
  };
}

/** @throws `invalid_input` */
export function checkModelFilesOptions(model: unknown, options: unknown) {
  const { hub, file, token, cache, signal } = checkOptions(options, ['hub', 'file', 'token', 'cache', 'signal']);
  return { wish: { model, hub, file, token } as ModelWish, cache: checkCache(cache), signal: checkSignal(signal) };
}

/** The checked options of `rerank`. */
export type CheckedRerankOptions = RerankOptions &
  Required<Pick<RerankOptions, 'activation' | 'returnDocuments' | 'longDocuments'>>;

/** @throws `invalid_input` */
export function checkRerankOptions(options: unknown): CheckedRerankOptions {
  const { topN, minScore, returnDocuments, longDocuments, maxTokens, activation, onProgress, signal } = checkOptions(
    options,
    ['topN', 'minScore', 'returnDocuments', 'longDocuments', 'maxTokens', 'activation', 'onProgress', 'signal'],
  );
  if (returnDocuments !== undefined && typeof returnDocuments !== 'boolean') {
    throw invalidValue('returnDocuments', 'true or false', returnDocuments);
  }
  if (longDocuments !== undefined && longDocuments !== 'truncate' && longDocuments !== 'chunk') {
    throw invalidChoice('longDocuments', "'truncate' or 'chunk'", longDocuments);
  }
  if (activation !== undefined && activation !== 'sigmoid' && activation !== 'none') {
    throw invalidChoice('activation', "'sigmoid' or 'none'", activation);
  }
  return {
    topN: checkCount(topN, 'topN'),
    minScore: checkMinScore(minScore, activation === 'none'),
    returnDocuments: returnDocuments ?? false,
    longDocuments: longDocuments ?? 'truncate',
    maxTokens: checkCount(maxTokens, 'maxTokens'),
    activation: activation ?? 'sigmoid',
    onProgress: checkCallback<RerankOptions['onProgress']>(onProgress, 'onProgress'),
    signal: checkSignal(signal),
  };
}

function checkMinScore(value: unknown, isLogit: boolean): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidValue('minScore', 'a finite number', value);
  // The sigmoid reaches no other number, so every result or none would pass.
  if (isLogit || (value >= 0 && value <= 1)) return value;
  throw invalidValue('minScore', "from 0 to 1, unless `activation` is 'none'", value);
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

function checkScoreCache(value: unknown): ScoreCache | undefined {
  if (value === undefined) return undefined;
  if (isObject(value) && typeof value.get === 'function' && typeof value.set === 'function') {
    // A Map has both methods, for one key each.
    if (tagOf(value) !== 'Map') return value as unknown as ScoreCache;
  }
  throw invalidValue('scoreCache', 'an object with the methods get(keys) and set(entries)', value);
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
