import { checkCallback, checkCount, checkOptions, checkSignal, invalidChoice, invalidValue } from '../common/check.js';
import { isObject, tagOf } from '../common/kinds.js';
import type { ScoreCache } from '../common/score-cache.js';
import type { RerankOptions } from '../common/types.js';
import type { LocalFiles } from '../files/local-files.js';
import { type CheckedModelOptions, checkModelOptions } from '../opening/options.js';

/** The checked options of `createReranker`. */
export type CheckedRerankerOptions = CheckedModelOptions & { scoreCache: ScoreCache | undefined };

/** @throws `invalid_input` */
export function checkRerankerOptions(options: unknown, local?: LocalFiles): CheckedRerankerOptions {
  const { checked, others } = checkModelOptions(options, ['scoreCache'], local);
  return { ...checked, scoreCache: checkScoreCache(others.scoreCache) };
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

function checkScoreCache(value: unknown): ScoreCache | undefined {
  if (value === undefined) return undefined;
  if (isObject(value) && typeof value.get === 'function' && typeof value.set === 'function') {
    // A Map has both methods, for one key each.
    if (tagOf(value) !== 'Map') return value as unknown as ScoreCache;
  }
  throw invalidValue('scoreCache', 'an object with the methods get(keys) and set(entries)', value);
}
