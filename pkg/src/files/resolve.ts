import { checkNames, invalid } from '../common/check.js';
import { RerankError } from '../common/errors.js';
import { isBytes, isObject, isUrl, parseUrl } from '../common/kinds.js';
import type { LocalFiles } from './local-files.js';
import { type PlainLocation, plainLocation } from './location.js';
import { defaultHub, defaultModel, publishedModels } from './registry.js';

/** A file of a model with its role. */
export interface ResolvedFile {
  role: 'model' | 'tokenizer' | 'config' | 'bundle';
  location: PlainLocation;
  /** Where it goes on, for a file that was cut into several. */
  more?: PlainLocation[];
  size?: number;
  sha256?: string;
}

/** A model's files, in the order in which they are read: a small file that is wrong fails before a large one is fetched. */
export interface ResolvedModel {
  name: string;
  files: ResolvedFile[];
}

/** What the URL of a bundle ends in. */
const bundleEnding = '.bundle';

const roles = ['config', 'tokenizer', 'model'] as const;

/** Layout of a model on a Hugging Face hub. */
const hubPaths = { config: 'config.json', tokenizer: 'tokenizer.json', model: 'onnx/model_quantized.onnx' } as const;

/**
 * The files that the options `model` and `hub` stand for.
 *
 * @throws `invalid_input`, `model_not_found`, `unsupported_environment`
 */
export async function resolveModel(
  model: unknown,
  hub: unknown,
  local: LocalFiles | undefined,
): Promise<ResolvedModel> {
  const published = model === undefined ? defaultModel : model;
  if (typeof published === 'string' && publishedModels.has(published)) return fromHub(published, checkHub(hub));
  if (hub !== undefined) throw invalid('hub is of use only with the name of a published model');
  if (isUrl(model)) return fromUrl(model, local);
  if (typeof model === 'string') return fromText(model, local);
  if (isObject(model)) return fromSource(model);
  throw invalid('model must be a name, a URL, a directory or a ModelSource');
}

function fromHub(name: string, hub: URL): ResolvedModel {
  const published = publishedModels.get(name);
  if (!published) throw unknownModel(name);
  const base = below(hub, `${published.repository}/resolve/${published.revision}`);
  const files = roles.map((role) => {
    const { path, size, sha256 } = published.files[role];
    return { role, location: below(base, path).href, size, sha256 };
  });
  return { name, files };
}

async function fromText(model: string, local: LocalFiles | undefined): Promise<ResolvedModel> {
  const url = parseUrl(model);
  if (url && ['http:', 'https:', 'file:'].includes(url.protocol)) return fromUrl(url, local);
  if (model === '' || !local) throw unknownModel(model);
  return fromDirectory(model, model, local);
}

async function fromUrl(url: URL, local: LocalFiles | undefined): Promise<ResolvedModel> {
  if (url.protocol === 'file:') return fromDirectory(url.href, url, local);
  if (isHttp(url) && url.pathname.endsWith(bundleEnding)) {
    return { name: url.href, files: [{ role: 'bundle', location: url.href }] };
  }
  if (!isHttp(url)) throw invalid(`model has a URL of the kind ${url.protocol}, which has no files below it`);
  return { name: url.href, files: roles.map((role) => ({ role, location: below(url, hubPaths[role]).href })) };
}

async function fromDirectory(
  name: string,
  directory: string | URL,
  local: LocalFiles | undefined,
): Promise<ResolvedModel> {
  if (!local) throw new RerankError('unsupported_environment', `no access to local files here: ${name}`);
  const found = await local.findModel(directory);
  if ('bundle' in found) return { name, files: [{ role: 'bundle', location: found.bundle.href }] };
  return { name, files: roles.map((role) => ({ role, location: found[role].href })) };
}

function fromSource(source: Record<string, unknown>): ResolvedModel {
  checkNames(source, ['name', 'files'], 'model');
  const { name, files } = source;
  if (typeof name !== 'string' || name === '') throw invalid('model.name must be a text that is not empty');
  if (!isObject(files)) throw invalid('model.files must be an object');
  if ('bundle' in files) {
    checkNames(files, ['bundle'], 'model.files');
    return { name, files: [resolveFile('bundle', files.bundle)] };
  }
  checkNames(files, roles, 'model.files');
  const given = roles.filter((role) => role !== 'config' || files[role] !== undefined);
  return { name, files: given.map((role) => resolveFile(role, files[role])) };
}

function resolveFile(role: ResolvedFile['role'], file: unknown): ResolvedFile {
  const where = `model.files.${role}`;
  const { locations, size, sha256 } = facts(role, file, where);
  const [location, ...more] = locations.map((location) => {
    const plain = plainLocation(location);
    if (plain === undefined) throw invalid(`${where} must be bytes, a Blob, an absolute URL or a function`);
    return plain;
  });
  if (location === undefined) throw invalid(`${where}.shards must not be empty`);
  if (size !== undefined && !(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)) {
    throw invalid(`${where}.size must be a number of bytes`);
  }
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256))) {
    throw invalid(`${where}.sha256 must be 64 lower-case hexadecimal digits`);
  }
  return { role, location, ...(more.length > 0 && { more }), size, sha256 };
}

/** What is said of a file, in whichever form. */
function facts(
  role: ResolvedFile['role'],
  file: unknown,
  where: string,
): { locations: unknown[]; size?: unknown; sha256?: unknown } {
  if (!isObject(file) || isBytes(file)) return { locations: [file] };
  if (role === 'bundle' && 'shards' in file) {
    checkNames(file, ['shards', 'size', 'sha256'], where);
    if (!Array.isArray(file.shards)) throw invalid(`${where}.shards must be a list`);
    return { ...file, locations: file.shards };
  }
  if (!('location' in file)) return { locations: [file] };
  checkNames(file, ['location', 'size', 'sha256'], where);
  return { ...file, locations: [file.location] };
}

function checkHub(hub: unknown): URL {
  const url = hub === undefined ? defaultHub : hub;
  const parsed = isUrl(url) ? url : typeof url === 'string' ? parseUrl(url) : undefined;
  if (!parsed || !isHttp(parsed)) throw invalid('hub must be an absolute http: or https: URL');
  return parsed;
}

function isHttp(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol);
}

/** The URL of `path` below `base`; a query (a token, a signature) stays. */
function below(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

function unknownModel(name: string): RerankError {
  const names = [...publishedModels.keys()].join(', ');
  return new RerankError(
    'model_not_found',
    `no model is called ${JSON.stringify(name)}; known names: ${names}; URLs must be absolute${smallModelHint(name)}`,
  );
}

/** How a message goes on where what is not there was asked for by the small model's name. */
export function smallModelHint(name: string): string {
  if (name !== 'mini' && name !== 'rerank-wasm-mini') return '';
  return "; the small model is a package of its own: `import mini from 'rerank-wasm-mini'`";
}
