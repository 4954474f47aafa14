import { checkCallback, checkCount, checkNames, describeValue, invalid, invalidValue } from '../common/check.js';
import { isObject } from '../common/kinds.js';
import { parseHubName } from '../files/hub/name.js';
import { defaultModel, publishedModels } from '../files/registry.js';
import { checkRerankerOptions } from '../reranker/options.js';
import type { HandlerLimits, HandlerOptions } from './types.js';

export type CheckedOptions<Env, Caller> = Omit<HandlerOptions<Env, Caller>, 'limits' | 'models' | 'basePath'> & {
  limits: Required<HandlerLimits>;
  models: readonly [string, ...string[]];
  /** Empty for none. */
  basePath: string;
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
const names = ['reranker', 'models', 'basePath', 'limits', 'cors', ...hooks] as const;

/** @throws `invalid_input` */
export function checkHandlerOptions<Env, Caller>(
  options: HandlerOptions<Env, Caller>,
  defaultLoadSeconds: number,
): CheckedOptions<Env, Caller> {
  if (!isObject(options)) throw invalidValue('options', 'an object', options);
  checkNames(options, names, 'options');
  for (const hook of hooks) checkCallback(options[hook], hook);
  const { reranker } = options;
  if (reranker !== undefined && typeof reranker !== 'function' && !isObject(reranker)) {
    throw invalidValue('reranker', 'options of `createReranker` or a function that creates a reranker', reranker);
  }
  if (typeof reranker !== 'function') checkRerankerOptions(reranker);
  checkCors(options.cors);
  return {
    ...options,
    limits: checkLimits(options.limits, defaultLoadSeconds),
    models: checkModels(options.models ?? [nameOf(reranker)]),
    basePath: checkBasePath(options.basePath),
  };
}

function checkLimits(given: unknown = {}, loadSeconds: number): Required<HandlerLimits> {
  const limits = { ...defaultLimits, loadSeconds };
  if (!isObject(given)) throw invalidValue('limits', 'an object', given);
  checkNames(given, Object.keys(limits), 'limits');
  for (const name of Object.keys(limits) as (keyof HandlerLimits)[]) {
    limits[name] = checkCount(given[name], `limits.${name}`) ?? limits[name];
  }
  // A request that is larger than the queue could never run.
  checkQueue(limits, 'queueTokens', 'tokens');
  checkQueue(limits, 'queueBytes', 'bodyBytes');
  return limits;
}

function checkQueue(limits: Required<HandlerLimits>, queue: keyof HandlerLimits, request: keyof HandlerLimits): void {
  if (limits[queue] >= limits[request]) return;
  throw invalidValue(`limits.${queue}`, `at least \`limits.${request}\`, which is ${limits[request]}`, limits[queue]);
}

function checkModels(models: unknown): readonly [string, ...string[]] {
  const isList = Array.isArray(models) && models.length > 0;
  if (!isList) throw invalidValue('models', 'an array of one or more names', models);
  for (const [index, name] of models.entries()) {
    if (typeof name !== 'string' || name === '') throw invalidValue(`models[${index}]`, 'a name', name);
  }
  return [...models] as [string, ...string[]];
}

function checkBasePath(path: unknown): string {
  if (path === undefined || path === '') return '';
  // A path that the URL parser would change can never be that of a request.
  const isPath = typeof path === 'string' && /^(\/[^/?#]+)+$/.test(path) && new URL(path, 'http://x').pathname === path;
  if (isPath) return path;
  const found = typeof path === 'string' ? JSON.stringify(path) : describeValue(path);
  throw invalid(`\`basePath\` must be a path such as /api, without a slash at its end; it is ${found}.`);
}

function checkCors(cors: unknown): void {
  if (cors === undefined) return;
  if (!isObject(cors)) throw invalidValue('cors', 'an object', cors);
  checkNames(cors, ['origins'], 'cors');
  const { origins } = cors;
  if (origins === '*') return;
  if (!Array.isArray(origins)) throw invalidValue('cors.origins', "'*' or an array of origins", origins);
  for (const [index, origin] of origins.entries()) {
    if (isOrigin(origin)) continue;
    const found = typeof origin === 'string' ? JSON.stringify(origin) : describeValue(origin);
    throw invalid(`\`cors.origins[${index}]\` must be an origin such as https://example.org; it is ${found}.`);
  }
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}

/** A name that answers may show: never a path or a URL. */
function nameOf(reranker: unknown): string {
  const model = isObject(reranker) ? reranker.model : undefined;
  if (typeof reranker !== 'function' && model === undefined) return defaultModel;
  if (typeof model === 'string' && publishedModels.has(model)) return model;
  const named = typeof model === 'string' ? parseHubName(model) : undefined;
  if (named) return named.repository;
  if (isObject(model) && typeof model.name === 'string' && model.name !== '') return model.name;
  return 'reranker';
}
