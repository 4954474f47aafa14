import { RerankError } from '../../common/errors.js';
import { isObject } from '../../common/kinds.js';
import { chooseGraph, companionsOf } from './graph.js';
import { isSha256, isSize, type ListedFile } from './listing.js';
import { isSafePath } from './name.js';
import { conversionsOf, listed, repositoryHolder } from './problems.js';

/** The files that stand for a repository. */
export interface HubChoice {
  /** A commit, if the hub said which one. */
  revision: string;
  files: { model: ListedFile; tokenizer: ListedFile; config?: ListedFile };
  /** Files beside the graph that may hold its weights. */
  companions?: ListedFile[];
  /** The path of another graph that the engine can run. */
  other?: string;
}

/**
 * Chooses among the files of a repository; `file` is the path of the graph that the caller wants.
 *
 * @throws `model_not_found`, `unsupported_model`, `out_of_memory`
 */
export function choose(
  { revision, files }: { revision: string; files: readonly ListedFile[] },
  file: string | undefined,
  repository: string,
): HubChoice {
  const { graph: model, other } = chooseGraph(files, file, repositoryHolder(repository));
  const tokenizer = files.find(({ path }) => path === 'tokenizer.json');
  if (!tokenizer) throw noTokenizer(files, repository);
  const config = files.find(({ path }) => path === 'config.json');
  const companions = companionsOf(model, files);
  return {
    revision,
    files: { model, tokenizer, ...(config && { config }) },
    ...(companions.length > 0 && { companions }),
    ...(other && { other: other.path }),
  };
}

function noTokenizer(files: readonly ListedFile[], repository: string): RerankError {
  const others = files
    .map(({ path }) => path)
    .filter((path) => /(^|\/)(vocab|tokenizer|sentencepiece|spiece)[\w.]*$/.test(path));
  const found = others.length > 0 ? ` (it has ${listed(others)})` : '';
  return new RerankError(
    'unsupported_model',
    `The repository ${repository} has no tokenizer.json, the only tokenizer that is supported${found}; ${conversionsOf(repository)}.`,
  );
}

/** Writes a choice as text for the cache. */
export function choiceText(choice: HubChoice): string {
  return JSON.stringify(choice);
}

/** Reads a choice; undefined if the text is damaged. */
export function parseChoice(text: string): HubChoice | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || typeof value.revision !== 'string' || !isObject(value.files)) return undefined;
    const { model, tokenizer, config } = value.files;
    if (!isSafePath(value.revision) || !isFile(model) || !isFile(tokenizer)) return undefined;
    if (config !== undefined && !isFile(config)) return undefined;
    const { revision, companions, other } = value;
    if (companions !== undefined && !(Array.isArray(companions) && companions.every(isFile))) return undefined;
    if (other !== undefined && !(typeof other === 'string' && isSafePath(other))) return undefined;
    return {
      revision,
      files: { model, tokenizer, ...(config && { config }) },
      ...(companions && { companions }),
      ...(other !== undefined && { other }),
    };
  } catch {
    return undefined;
  }
}

function isFile(value: unknown): value is ListedFile {
  if (!isObject(value)) return false;
  const { path, size, sha256 } = value;
  const isPinnedRightly = (size === undefined || isSize(size)) && (sha256 === undefined || isSha256(sha256));
  return typeof path === 'string' && isSafePath(path) && isPinnedRightly;
}
