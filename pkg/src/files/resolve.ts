import { checkNames, invalid, invalidValue } from '../common/check.js';
import { RerankError, sentence } from '../common/errors.js';
import { isBytes, isObject, isUrl, parseUrl } from '../common/kinds.js';
import type { LocalFiles } from './local-files.js';
import { noLocalFiles, type PlainLocation, plainLocation } from './location.js';
import { defaultHub, defaultModel, publishedModels } from './registry.js';

/** A file of a model with its role. */
export interface ResolvedFile {
  role: 'model' | 'tokenizer' | 'config' | 'bundle';
  location: PlainLocation;
  /** The further parts of a file that was cut into several. */
  more?: PlainLocation[];
  size?: number;
  sha256?: string;
}

/** A model's files in the order of reading: a wrong small file fails before a large one is downloaded. */
export interface ResolvedModel {
  name: string;
  files: ResolvedFile[];
}

/** The end of a bundle's URL. */
const bundleEnding = '.bundle';

const roles = ['config', 'tokenizer', 'model'] as const;

/** The layout of a model on a Hugging Face hub. */
const hubPaths = { config: 'config.json', tokenizer: 'tokenizer.json', model: 'onnx/model_quantized.onnx' } as const;

/**
 * Returns the files that the options `model` and `hub` stand for.
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
  if (hub !== undefined)
    throw invalid('`hub` needs the name of a published model, and `model` is something else; leave `hub` out.');
  if (isUrl(model)) return fromUrl(model, local);
  if (typeof model === 'string') return fromText(model, local);
  if (isObject(model)) return fromSource(model);
  throw invalidValue('model', 'a name, a URL, a directory or a ModelSource', model);
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
  if (!isHttp(url)) throw invalid(`\`model\` must be an http:, https: or file: URL; it is a ${url.protocol} URL.`);
  return { name: url.href, files: roles.map((role) => ({ role, location: below(url, hubPaths[role]).href })) };
}

async function fromDirectory(
  name: string,
  directory: string | URL,
  local: LocalFiles | undefined,
): Promise<ResolvedModel> {
  if (!local) throw noLocalFiles(name);
  const found = await local.findModel(directory);
  if ('bundle' in found) return { name, files: [{ role: 'bundle', location: found.bundle.href }] };
  return { name, files: roles.map((role) => ({ role, location: found[role].href })) };
}

function fromSource(source: Record<string, unknown>): ResolvedModel {
  checkNames(source, ['name', 'files'], 'model');
  const { name, files } = source;
  if (typeof name !== 'string' || name === '') throw invalidValue('model.name', 'a string that is not empty', name);
  if (!isObject(files)) throw invalidValue('model.files', 'an object', files);
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
    if (plain === undefined) throw invalidValue(where, 'bytes, a Blob, a function or an absolute URL', location);
    return plain;
  });
  if (location === undefined) throw invalidValue(`${where}.shards`, 'an array of at least one part', locations);
  if (size !== undefined && !(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)) {
    throw invalidValue(`${where}.size`, 'a number of bytes', size);
  }
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256))) {
    throw invalidValue(`${where}.sha256`, 'a string of 64 lower-case hexadecimal digits', sha256);
  }
  return { role, location, ...(more.length > 0 && { more }), size, sha256 };
}

/** Returns the facts of a file in one form, whichever form the caller used. */
function facts(
  role: ResolvedFile['role'],
  file: unknown,
  where: string,
): { locations: unknown[]; size?: unknown; sha256?: unknown } {
  if (!isObject(file) || isBytes(file)) return { locations: [file] };
  if (role === 'bundle' && 'shards' in file) {
    checkNames(file, ['shards', 'size', 'sha256'], where);
    if (!Array.isArray(file.shards))
      throw invalidValue(`${where}.shards`, 'an array of at least one part', file.shards);
    return { ...file, locations: file.shards };
  }
  if (!('location' in file)) return { locations: [file] };
  checkNames(file, ['location', 'size', 'sha256'], where);
  return { ...file, locations: [file.location] };
}

function checkHub(hub: unknown): URL {
  const url = hub === undefined ? defaultHub : hub;
  const parsed = isUrl(url) ? url : typeof url === 'string' ? parseUrl(url) : undefined;
  if (!parsed || !isHttp(parsed)) throw invalidValue('hub', 'an absolute http: or https: URL', url);
  return parsed;
}

function isHttp(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol);
}

/** Returns the URL of `path` below `base`. A query (a token, a signature) stays. */
function below(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

function unknownModel(name: string): RerankError {
  const names = [...publishedModels.keys()].join(', ');
  const message = `No published model is called ${JSON.stringify(name)}; use an absolute URL or one of ${names}`;
  return new RerankError('model_not_found', sentence(message + smallModelHint(name)));
}

/** Ends a message that a model is missing, if the caller asked for the small model by its name. */
export function smallModelHint(name: string): string {
  if (name !== 'mini' && name !== 'rerank-wasm-mini') return '';
  return "; the small model is a package: `import mini from 'rerank-wasm-mini'`";
}
