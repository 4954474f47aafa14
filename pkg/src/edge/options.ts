import { checkNames, invalid } from '../common/check.js';
import { isObject } from '../common/kinds.js';
import { defaultModel, publishedModels } from '../files/registry.js';
import type { HandlerLimits, HandlerOptions } from './types.js';

export type CheckedOptions<Env, Caller> = Omit<HandlerOptions<Env, Caller>, 'limits' | 'models'> & {
  limits: Required<HandlerLimits>;
  models: readonly [string, ...string[]];
};

const defaultLimits: Required<Omit<HandlerLimits, 'loadSeconds'>> = {
  bodyBytes: 1_048_576,
  bodySeconds: 30,
  documents: 1_000,
  tokens: 131_072,
  queueTokens: 262_144,
  queueBytes: 8_388_608,
  waitSeconds: 20,
};

const hooks = ['authenticate', 'rateLimit', 'authorize', 'onError'] as const;
const names = ['reranker', 'models', 'limits', 'cors', ...hooks] as const;

/** @throws `invalid_input` */
export function checkHandlerOptions<Env, Caller>(
  options: HandlerOptions<Env, Caller>,
  defaultLoadSeconds: number,
): CheckedOptions<Env, Caller> {
  if (!isObject(options)) throw invalid('options must be an object');
  checkNames(options, names, 'options');
  for (const hook of hooks) {
    if (options[hook] !== undefined && typeof options[hook] !== 'function') throw invalid(`${hook} must be a function`);
  }
  const { reranker } = options;
  if (reranker !== undefined && typeof reranker !== 'function' && !isObject(reranker)) {
    throw invalid('reranker must be options of createReranker or a function');
  }
  checkCors(options.cors);
  return {
    ...options,
    limits: checkLimits(options.limits, defaultLoadSeconds),
    models: checkModels(options.models ?? [nameOf(reranker)]),
  };
}

function checkLimits(given: unknown = {}, loadSeconds: number): Required<HandlerLimits> {
  const limits = { ...defaultLimits, loadSeconds };
  if (!isObject(given)) throw invalid('limits must be an object');
  checkNames(given, Object.keys(limits), 'limits');
  for (const name of Object.keys(limits) as (keyof HandlerLimits)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
      throw invalid(`limits.${name} must be a positive whole number`);
    }
    limits[name] = value;
  }
  // A request that is larger than the queue could never run.
  if (limits.queueTokens < limits.tokens) throw invalid('limits.queueTokens must be at least limits.tokens');
  if (limits.queueBytes < limits.bodyBytes) throw invalid('limits.queueBytes must be at least limits.bodyBytes');
  return limits;
}

function checkModels(models: unknown): readonly [string, ...string[]] {
  const isList = Array.isArray(models) && models.length > 0;
  if (!isList || !models.every((name) => typeof name === 'string' && name !== '')) {
    throw invalid('models must be a list of names');
  }
  return [...models] as [string, ...string[]];
}

function checkCors(cors: unknown): void {
  if (cors === undefined) return;
  if (!isObject(cors)) throw invalid('cors must be an object');
  checkNames(cors, ['origins'], 'cors');
  const { origins } = cors;
  if (origins === '*') return;
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    throw invalid("cors.origins must be '*' or a list of origins such as https://example.org");
  }
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}

/** A name that is fit for answers: no path and no URL. */
function nameOf(reranker: unknown): string {
  const model = isObject(reranker) ? reranker.model : undefined;
  if (typeof reranker !== 'function' && model === undefined) return defaultModel;
  if (typeof model === 'string' && publishedModels.has(model)) return model;
  if (isObject(model) && typeof model.name === 'string' && model.name !== '') return model.name;
  return 'reranker';
}
