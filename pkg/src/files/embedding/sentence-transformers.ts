import { type Pooling, poolings } from '../../common/embedding-use.js';
import { RerankError } from '../../common/errors.js';
import { isObject } from '../../common/kinds.js';
import { isSafePath } from '../hub/name.js';
import type { KnownFacts } from './facts.js';

/** Reads a JSON file by its path in the model's repository; undefined if it is not there. */
export type ReadJson = (path: string) => Promise<unknown>;

/** Sentence Transformers' modules that an embedder runs, by the last word of their types. */
const runs = ['Transformer', 'Pooling', 'Normalize'];

/** The names under which a repository has the prompt for documents. */
const documentPrompts = ['document', 'passage', 'corpus'];

/**
 * Returns what the files of Sentence Transformers say about a model; undefined if it has no `modules.json`.
 *
 * @throws `unsupported_model` for modules that the engine does not run; `invalid_model`; those of `read`
 */
export async function sentenceTransformersFacts(read: ReadJson): Promise<KnownFacts | undefined> {
  const modules = await read('modules.json');
  if (modules === undefined) return undefined;
  if (!Array.isArray(modules) || !modules.every(isModule)) throw invalid('modules.json', 'a list of modules');
  const kinds = modules.map(({ type }) => type.slice(type.lastIndexOf('.') + 1));
  const foreign = kinds.find((kind) => !runs.includes(kind));
  if (foreign !== undefined) {
    const found = `The model's modules.json has a module ${JSON.stringify(foreign)}, which this package does not run`;
    throw new RerankError('unsupported_model', `${found}; choose a model of ${runs.join(', ')} alone.`);
  }
  const folderOf = (kind: string) => modules[kinds.indexOf(kind)]?.path;
  const folder = folderOf('Pooling');
  const pooling = folder === undefined ? undefined : await poolingOf(folder, read);
  return {
    ...(pooling && { pooling }),
    ...limitsOf(await read(inFolder(folderOf('Transformer') ?? '', 'sentence_bert_config.json'))),
    ...promptsOf(await read('config_sentence_transformers.json')),
  };
}

function isModule(value: unknown): value is { path: string; type: string } {
  if (!isObject(value) || typeof value.path !== 'string' || typeof value.type !== 'string') return false;
  return value.path === '' || isSafePath(value.path.replace(/\/$/, ''));
}

/**
 * Returns the pooling that a module's file names; undefined if the file is missing, as in some conversions. The older form
 * has a true or false for each way, the newer one names the way.
 */
async function poolingOf(folder: string, read: ReadJson): Promise<Pooling | undefined> {
  const path = inFolder(folder, 'config.json');
  const config = await read(path);
  if (config === undefined) return undefined;
  if (!isObject(config)) throw invalid(path, 'an object');
  if (config.include_prompt === false) throw unsupported(path, 'a pooling that leaves out the prompt');
  const named = config.pooling_mode;
  const modes = Object.keys(config).filter((name) => name.startsWith('pooling_mode_') && config[name] === true);
  const names =
    named === undefined
      ? modes.map((mode) => mode.slice('pooling_mode_'.length))
      : Array.isArray(named)
        ? named
        : [named];
  const [name] = names;
  if (names.length !== 1 || typeof name !== 'string') throw unsupported(path, `${names.length} ways of pooling`);
  // A mean over the root of the length has the direction of the mean, and vectors are scaled to length 1.
  const plain = name.replace(/_(tokens?|sqrt_len_tokens)$/, '').replace('mean_sqrt_len', 'mean');
  const pooling = poolings.find((pooling) => pooling === plain);
  if (!pooling) throw unsupported(path, `the pooling ${JSON.stringify(name)}`);
  return pooling;
}

/** Its `do_lower_case` is left to the tokenizer, as text-embeddings-inference leaves it. */
function limitsOf(config: unknown): KnownFacts {
  if (!isObject(config)) return {};
  const { max_seq_length: maxTokens } = config;
  const isCount = typeof maxTokens === 'number' && Number.isSafeInteger(maxTokens) && maxTokens > 0;
  return isCount ? { maxTokens } : {};
}

function promptsOf(config: unknown): KnownFacts {
  if (!isObject(config) || !isObject(config.prompts)) return {};
  const { prompts } = config;
  const textOf = (names: string[]) => names.map((name) => prompts[name]).find((text) => typeof text === 'string');
  const [query, document] = [textOf(['query']), textOf(documentPrompts)] as (string | undefined)[];
  // Newer versions write both prompts, and leave them empty if the author set none.
  if (!query && !document) return {};
  return { prompts: { ...(query && { query }), ...(document && { document }) } };
}

function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder.replace(/\/$/, '')}/${name}`;
}

function invalid(path: string, expected: string): RerankError {
  return new RerankError('invalid_model', `The model's ${path} must be ${expected}.`);
}

function unsupported(path: string, found: string): RerankError {
  const message = `The model's ${path} has ${found}, which this package does not run; choose another model.`;
  return new RerankError('unsupported_model', message);
}
