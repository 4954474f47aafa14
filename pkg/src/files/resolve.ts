import { checkNames, invalid, invalidChoice, invalidValue } from '../common/check.js';
import type { EmbeddingUse } from '../common/embedding-use.js';
import { RerankError, sentence } from '../common/errors.js';
import { isBytes, isObject, isUrl, parseUrl } from '../common/kinds.js';
import { AnswerError } from './connection.js';
import { checkUse } from './embedding/use.js';
import { type EnvironmentVariable, environmentHub, isHttp } from './hub/environment.js';
import { chooseGraph, foldersWith, otherGraph } from './hub/graph.js';
import { defaultRevision, encodePath, type HubName, isSafePath, parseHubName } from './hub/name.js';
import { below, fileUrl } from './hub/place.js';
import { directoryHolder, lacking } from './hub/problems.js';
import { findFiles, type Verdict } from './hub/repository.js';
import { checkToken, type HubToken, tokenFor } from './hub/token.js';
import type { LocalFiles } from './local-files.js';
import { noLocalFiles, plainLocation } from './location.js';
import type { Notes } from './notes.js';
import { defaultHub, defaultModel, type ModelUse, type PublishedModel, publishedModels } from './registry.js';
import type { ResolvedFile, ResolvedModel } from './resolved.js';
import { withAdvice } from './retry.js';

/** The options that say which model is wanted, unchecked. */
export interface ModelWish {
  model?: unknown;
  hub?: unknown;
  file?: unknown;
  token?: unknown;
}

/** The surroundings that a model is looked for in. */
export interface Surroundings {
  local?: LocalFiles | undefined;
  environment?: EnvironmentVariable | undefined;
  /** Says as a sentence what to do if the network fails because this process uses no proxy; undefined otherwise. */
  proxyAdvice?: ((url: string) => string | undefined) | undefined;
  notes?: Notes | undefined;
  /** True if no server may be asked. A repository that `notes` do not know causes {@link NoChoice}. */
  offline?: boolean;
  /** What the model is for; absent if any use is right. */
  use?: ModelUse;
  signal?: AbortSignal | undefined;
}

/** A model, and whom to tell whether its files were the right ones. */
export interface Resolution {
  model: ResolvedModel;
  verdict?: Verdict;
}

/** The end of a bundle's URL. */
const bundleEnding = '.bundle';

const roles = ['config', 'tokenizer', 'model'] as const;

/** The layout of a model on a Hugging Face hub. */
const hubPaths = { config: 'config.json', tokenizer: 'tokenizer.json', model: 'onnx/model_quantized.onnx' } as const;

/**
 * Returns the files that the options `model`, `hub`, `file` and `token` stand for.
 *
 * @throws `invalid_input`, `model_not_found`, `unsupported_model`, `unsupported_environment`; with the name of a
 * repository or a directory also `out_of_memory`, `download_failed`, `aborted`
 */
export async function resolveModel(wish: ModelWish, surroundings: Surroundings): Promise<Resolution> {
  const { model = defaultModel } = wish;
  const published = typeof model === 'string' ? publishedModels.get(model) : undefined;
  const { local, environment, use } = surroundings;
  if (typeof model === 'string' && published) {
    if (use !== undefined && published.use !== use) throw otherUse(model, published.use);
    return { model: fromRegistry(model, published, checkHubOptions(wish, environment), environment) };
  }
  const name = typeof model === 'string' ? parseHubName(model) : undefined;
  if (typeof model === 'string' && name && !(await local?.exists(model))) {
    return fromRepository(model, name, checkHubOptions(wish, environment), surroundings);
  }
  refuseHubOptions(wish);
  return { model: await fromElsewhere(model, checkFile(wish.file), surroundings) };
}

function otherUse(name: string, use: ModelUse): RerankError {
  const [kind, create] = use === 'embed' ? ['an embedding model', 'createEmbedder'] : ['a reranker', 'createReranker'];
  return invalid(`\`model\` is ${kind}, ${name}; pass it to \`${create}\`.`);
}

async function fromElsewhere(
  model: unknown,
  file: string | undefined,
  surroundings: Surroundings,
): Promise<ResolvedModel> {
  if (isUrl(model)) return fromUrl(model, file, surroundings);
  if (typeof model === 'string') return fromText(model, file, surroundings);
  if (isObject(model)) {
    refuseFile(file);
    return fromSource(model);
  }
  throw invalidValue('model', 'a name, a URL, a directory or a ModelSource', model);
}

/** The checked options of a model on a hub. */
interface HubOptions {
  hub: URL;
  file: string | undefined;
  token: HubToken | undefined;
}

function checkHubOptions({ hub, file, token }: ModelWish, environment: EnvironmentVariable | undefined): HubOptions {
  return { hub: checkHub(hub, environment), file: checkFile(file), token: checkToken(token) };
}

function refuseHubOptions(wish: ModelWish): void {
  for (const option of ['hub', 'token'] as const) {
    if (wish[option] !== undefined) throw needless(option, 'the name of a model on a hub');
  }
}

/** Refuses the option `file` for a model without a choice of graphs. */
function refuseFile(file: string | undefined): void {
  if (file !== undefined) throw needless('file', 'the name of a model on a hub, a directory or a base URL');
}

function needless(option: string, needed: string): RerankError {
  return invalid(`\`${option}\` needs ${needed}, and \`model\` is something else; leave \`${option}\` out.`);
}

function fromRegistry(
  name: string,
  published: PublishedModel,
  { hub, file, token: explicit }: HubOptions,
  environment: EnvironmentVariable | undefined,
): ResolvedModel {
  const { repository, revision } = published;
  // The public hub shows these files to all, and would refuse them with a token that is out of date.
  const token = hub.origin === new URL(defaultHub).origin ? explicit : tokenFor(hub, explicit, environment);
  const origin = token && { repository, revision, token };
  const files = roles.map((role) => {
    const isOther = role === 'model' && file !== undefined && file !== published.files.model.path;
    const { path, size, sha256 } = isOther ? { path: file } : published.files[role];
    const other = isOther ? { path: published.files.model.path, int8: true } : undefined;
    const location = fileUrl({ hub, repository }, revision, path).href;
    return { role, location, size, sha256, origin, ...(other && { other }) };
  });
  return { name, files };
}

async function fromRepository(
  name: string,
  { repository, revision }: HubName,
  { hub, file, token: explicit }: HubOptions,
  { local, environment, proxyAdvice, notes, offline = false, signal }: Surroundings,
): Promise<Resolution> {
  const token = tokenFor(hub, explicit, environment);
  try {
    const { files, verdict } = await findFiles({ hub, repository, revision, token, signal }, file, notes, offline);
    return { model: { name, files }, verdict };
  } catch (error) {
    const plain = local ? withoutDirectory(error, name) : error;
    throw withPublishedName(withAdvice(plain, proxyAdvice?.(hub.href)), { repository, revision });
  }
}

/** Adds to the error for an unknown repository that no directory has its name: the caller may have meant one. */
function withoutDirectory(error: unknown, name: string): unknown {
  if (!(error instanceof RerankError) || error.code !== 'model_not_found') return error;
  const { code, message, cause } = error;
  if (!(cause instanceof AnswerError)) return error;
  return new RerankError(code, `${message} There is no directory ${JSON.stringify(name)} here either.`, { cause });
}

/** Adds to the error for the repository of a published model that it has a name, which needs no list of files. */
function withPublishedName(error: unknown, { repository, revision }: HubName): unknown {
  const isPublished = (model: PublishedModel) => model.repository === repository && revision === defaultRevision;
  const [published] = [...publishedModels].find(([, model]) => isPublished(model)) ?? [];
  if (published === undefined || !(error instanceof RerankError) || error.code === 'aborted') return error;
  const { code, message, cause } = error;
  const hint = `\`model: '${published}'\` names the published files of this repository and needs no list of them.`;
  return new RerankError(code, `${sentence(message)} ${hint}`, { cause });
}

async function fromText(model: string, file: string | undefined, surroundings: Surroundings): Promise<ResolvedModel> {
  const url = parseUrl(model);
  if (url && ['http:', 'https:', 'file:'].includes(url.protocol)) return fromUrl(url, file, surroundings);
  if (model === '' || !surroundings.local) throw unknownModel(model, surroundings.use);
  return fromDirectory(model, model, file, surroundings);
}

async function fromUrl(url: URL, file: string | undefined, surroundings: Surroundings): Promise<ResolvedModel> {
  if (url.protocol === 'file:') return fromDirectory(url.href, url, file, surroundings);
  if (!isHttp(url)) throw invalid(`\`model\` must be an http:, https: or file: URL; it is a ${url.protocol} URL.`);
  if (url.pathname.endsWith(bundleEnding)) return fromBundle(url.href, url, file);
  const paths = { ...hubPaths, ...(file !== undefined && { model: file }) };
  const files = roles.map((role) => {
    const location = hrefBelow(url, paths[role]);
    return { role, location, ...(role === 'config' && { optional: true }) };
  });
  return { name: url.href, files };
}

function fromBundle(name: string, bundle: URL, file: string | undefined): ResolvedModel {
  refuseFile(file);
  return { name, files: [{ role: 'bundle', location: bundle.href }] };
}

async function fromDirectory(
  name: string,
  directory: string | URL,
  file: string | undefined,
  { local, use }: Surroundings,
): Promise<ResolvedModel> {
  if (!local) throw noLocalFiles(name);
  const found = await local.findModel(directory, foldersWith(file));
  if ('missing' in found) {
    const message = `\`model\` is ${JSON.stringify(found.missing)}, which is neither a published model nor a directory nor a bundle`;
    throw new RerankError('model_not_found', message + namesHint(found.missing, use));
  }
  if ('bundle' in found) return fromBundle(name, found.bundle, file);
  const { root, path, files } = found;
  const has = (name: string) => files.some(({ path }) => path === name);
  if (!has(hubPaths.tokenizer)) throw lacking(path, hubPaths.tokenizer);
  const { graph, other } = chooseGraph(files, file, directoryHolder(path));
  return {
    name,
    files: [
      ...(has(hubPaths.config) ? [{ role: 'config', location: hrefBelow(root, hubPaths.config) } as const] : []),
      { role: 'tokenizer', location: hrefBelow(root, hubPaths.tokenizer) },
      { role: 'model', location: hrefBelow(root, graph.path), ...(other && { other: otherGraph(other.path) }) },
    ],
  };
}

function hrefBelow(base: URL, path: string): string {
  return below(base, encodePath(path)).href;
}

function fromSource(source: Record<string, unknown>): ResolvedModel {
  checkNames(source, ['name', 'files', 'embedding'], 'model');
  const { name, files, embedding } = source;
  if (typeof name !== 'string' || name === '') throw invalidValue('model.name', 'a string that is not empty', name);
  if (!isObject(files)) throw invalidValue('model.files', 'an object', files);
  const use = embedding === undefined ? {} : { use: checkSourceUse(embedding) };
  if ('bundle' in files) {
    checkNames(files, ['bundle'], 'model.files');
    return { name, files: [resolveFile('bundle', files.bundle)], ...use };
  }
  checkNames(files, roles, 'model.files');
  const given = roles.filter((role) => role !== 'config' || files[role] !== undefined);
  return { name, files: given.map((role) => resolveFile(role, files[role])), ...use };
}

function checkSourceUse(embedding: unknown): EmbeddingUse {
  if (!isObject(embedding)) throw invalidValue('model.embedding', 'an object', embedding);
  checkNames(embedding, ['pooling', 'prompts', 'maxTokens'], 'model.embedding');
  return checkUse(embedding, 'model.embedding.');
}

function resolveFile(role: ResolvedFile['role'], file: unknown): ResolvedFile {
  const where = `model.files.${role}`;
  const { locations, size, sha256 } = facts(role, file, where);
  const [location, ...more] = locations.map((location) => {
    const plain = plainLocation(location);
    if (plain === undefined) throw noLocation(location, where);
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

function noLocation(location: unknown, where: string): RerankError {
  const error = invalidValue(where, 'bytes, a Blob, a function or an absolute URL', location);
  // The files of `rerank-wasm-mini` have relative paths in a bundle that does not know its address.
  const advice = 'In a bundle, pass the URL or the directory of the copied files as `model`.';
  return typeof location === 'string' ? invalid(`${error.message} ${advice}`) : error;
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

function checkHub(hub: unknown, environment: EnvironmentVariable | undefined): URL {
  if (hub === undefined) return environmentHub(environment);
  const parsed = isUrl(hub) ? hub : typeof hub === 'string' ? parseUrl(hub) : undefined;
  if (!parsed || !isHttp(parsed)) throw invalidValue('hub', 'an absolute http: or https: URL', hub);
  return parsed;
}

function checkFile(file: unknown): string | undefined {
  if (file === undefined) return undefined;
  if (typeof file === 'string' && file.endsWith('.onnx') && isSafePath(file)) return file;
  throw invalidChoice('file', 'the relative path of an ONNX file, such as onnx/model.onnx', file);
}

function unknownModel(name: string, use: ModelUse | undefined): RerankError {
  const found = `No published model is called ${JSON.stringify(name)}`;
  return new RerankError('model_not_found', found + namesHint(name, use));
}

/** Ends a message that no model has this name: says which names there are. */
function namesHint(name: string, use: ModelUse | undefined): string {
  const names = [...publishedModels].flatMap(([name, model]) => (use === undefined || model.use === use ? [name] : []));
  const others = 'org/repo for another repository of the Hugging Face hub, or an absolute URL';
  const isSmall = use !== 'embed' && ['mini', 'rerank-wasm-mini'].includes(name);
  const small = isSmall ? "; the small model is a package: `import mini from 'rerank-wasm-mini'`" : '';
  return `; use one of ${names.join(', ')}, ${others}${small}.`;
}
