import { checkCallback, checkCount, checkNames, describeValue, invalid, invalidValue } from '../common/check.js';
import { isObject } from '../common/kinds.js';
import { checkEmbedderOptions } from '../embedder/options.js';
import { parseHubName } from '../files/hub/name.js';
import { defaultEmbeddingModel, defaultModel, publishedModels } from '../files/registry.js';
import { checkRerankerOptions } from '../reranker/options.js';
import type { EmbedderChoice, HandlerLimits, HandlerOptions, RerankerChoice } from './types.js';

export type CheckedOptions<Env, Caller> = Omit<
  HandlerOptions<Env, Caller>,
  'limits' | 'models' | 'reranker' | 'embedder' | 'basePath'
> & {
  limits: Required<HandlerLimits>;
  models: { rerankers: NamedModel<RerankerChoice<Env>>[]; embedders: NamedModel<EmbedderChoice<Env>>[] };
  /** Empty for none. */
  basePath: string;
};

/** A model with the names that requests may use for it. */
export interface NamedModel<Choice> {
  names: readonly [string, ...string[]];
  choice: Choice;
}

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
const names = ['reranker', 'embedder', 'models', 'basePath', 'limits', 'cors', ...hooks] as const;

/** @throws `invalid_input` */
export function checkHandlerOptions<Env, Caller>(
  options: HandlerOptions<Env, Caller>,
  defaultLoadSeconds: number,
): CheckedOptions<Env, Caller> {
  if (!isObject(options)) throw invalidValue('options', 'an object', options);
  checkNames(options, names, 'options');
  for (const hook of hooks) checkCallback(options[hook], hook);
  checkCors(options.cors);
  const { reranker, embedder, models, ...others } = options;
  return {
    ...others,
    limits: checkLimits(options.limits, defaultLoadSeconds),
    models: checkModels({ reranker, embedder, models } as Pick<
      HandlerOptions<Env>,
      'reranker' | 'embedder' | 'models'
    >),
    basePath: checkBasePath(options.basePath),
  };
}

function checkModels<Env>({
  reranker,
  embedder,
  models,
}: Pick<HandlerOptions<Env>, 'reranker' | 'embedder' | 'models'>): CheckedOptions<Env, unknown>['models'] {
  if (models !== undefined && !Array.isArray(models)) {
    if (reranker !== undefined || embedder !== undefined) {
      const twice = reranker === undefined ? 'embedder' : 'reranker';
      throw invalid(`\`models\` names each model with its options; put \`${twice}\` there and leave it out here.`);
    }
    return checkSeveral(models);
  }
  const alone = embedder !== undefined && reranker === undefined;
  if (alone && models !== undefined) throw invalid('`models` is a list of names for `reranker`; pass that, too.');
  return {
    rerankers: alone
      ? []
      : [
          {
            names: checkNamesOf(models ?? [nameOf(reranker, defaultModel)]),
            choice: checkReranker(reranker, 'reranker'),
          },
        ],
    embedders:
      embedder === undefined
        ? []
        : [{ names: [nameOf(embedder, defaultEmbeddingModel)], choice: checkEmbedder(embedder, 'embedder') }],
  };
}

function checkSeveral<Env>(models: unknown): CheckedOptions<Env, unknown>['models'] {
  const entries = isObject(models) ? Object.entries(models) : [];
  if (entries.length === 0) throw invalidValue('models', 'an array of names or an object of models by name', models);
  const checked: CheckedOptions<Env, unknown>['models'] = { rerankers: [], embedders: [] };
  for (const [name, model] of entries) {
    const where = `models[${JSON.stringify(name)}]`;
    if (name === '') throw invalidValue('models', 'an object whose names are not empty', models);
    if (!isObject(model)) throw invalidValue(where, 'an object with `reranker` or `embedder`', model);
    checkNames(model, ['reranker', 'embedder'], where);
    if ('reranker' in model === 'embedder' in model)
      throw invalid(`\`${where}\` must have \`reranker\` or \`embedder\`.`);
    if ('reranker' in model) {
      checked.rerankers.push({ names: [name], choice: checkReranker<Env>(model.reranker, `${where}.reranker`) });
    } else {
      checked.embedders.push({ names: [name], choice: checkEmbedder<Env>(model.embedder, `${where}.embedder`) });
    }
  }
  return checked;
}

function checkReranker<Env>(reranker: unknown, where: string): RerankerChoice<Env> {
  if (typeof reranker === 'function') return reranker as RerankerChoice<Env>;
  if (reranker !== undefined && !isObject(reranker)) {
    throw invalidValue(where, 'options of `createReranker` or a function that creates a reranker', reranker);
  }
  checkRerankerOptions(reranker);
  return (reranker ?? {}) as RerankerChoice<Env>;
}

function checkEmbedder<Env>(embedder: unknown, where: string): EmbedderChoice<Env> {
  if (typeof embedder === 'function') return embedder as EmbedderChoice<Env>;
  if (!isObject(embedder)) {
    throw invalidValue(where, 'options of `createEmbedder` or a function that creates an embedder', embedder);
  }
  checkEmbedderOptions(embedder);
  return embedder as EmbedderChoice<Env>;
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

function checkNamesOf(models: unknown): readonly [string, ...string[]] {
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
function nameOf(choice: unknown, usual: string): string {
  const model = isObject(choice) ? choice.model : undefined;
  if (typeof choice !== 'function' && model === undefined) return usual;
  if (typeof model === 'string' && publishedModels.has(model)) return model;
  const named = typeof model === 'string' ? parseHubName(model) : undefined;
  if (named) return named.repository;
  if (isObject(model) && typeof model.name === 'string' && model.name !== '') return model.name;
  return usual === defaultModel ? 'reranker' : 'embedder';
}
