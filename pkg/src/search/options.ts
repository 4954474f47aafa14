import {
  checkCallback,
  checkCount,
  checkOptions,
  checkSignal,
  describeValue,
  invalid,
  invalidValue,
} from '../common/check.js';
import type { Embedder } from '../common/embedding.js';
import { messageOf, RerankError, withReason } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { Reranker } from '../common/types.js';
import type {
  Retrieve,
  SearchCandidate,
  SearchDocument,
  SearchOptions,
  SearchQueryOptions,
  SearchWriteOptions,
} from './types.js';

/** Tokens of a passage, unless the caller says otherwise. */
const defaultChunkTokens = 256;

const defaultLimit = 10;
const defaultCandidates = 50;

/** The checked options of `createSearch`. */
export interface CheckedSearchOptions {
  embedder: Promise<Embedder> | undefined;
  reranker: Promise<Reranker> | undefined;
  name: string | undefined;
  directory: string | undefined;
  chunkTokens: number;
  overlap: number | undefined;
  retrieve: Retrieve | undefined;
  onProgress: SearchOptions['onProgress'];
}

/** What belongs to the index, which `retrieve` replaces. */
const ofIndex = ['name', 'directory', 'chunkTokens', 'overlap', 'onProgress'] as const;

/** @throws `invalid_input` */
export function checkSearchOptions(options: unknown): CheckedSearchOptions {
  const checked = checkOptions(options, ['embedder', 'reranker', 'retrieve', ...ofIndex]);
  const { embedder, reranker, name, directory, chunkTokens, overlap, retrieve, onProgress } = checked;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw invalidValue('name', 'a non-empty string', name);
  }
  if (directory !== undefined && (typeof directory !== 'string' || directory === '')) {
    throw invalidValue('directory', 'the path of a directory', directory);
  }
  if (overlap !== undefined && !(typeof overlap === 'number' && Number.isSafeInteger(overlap) && overlap >= 0)) {
    throw invalidValue('overlap', 'a number of tokens', overlap);
  }
  const taken: CheckedSearchOptions = {
    name,
    directory,
    chunkTokens: checkCount(chunkTokens, 'chunkTokens') ?? defaultChunkTokens,
    overlap,
    retrieve: checkCallback<Retrieve>(retrieve, 'retrieve'),
    onProgress: checkCallback<NonNullable<SearchOptions['onProgress']>>(onProgress, 'onProgress'),
    embedder: checkModel<Embedder>(embedder, 'embedder', ['embed', 'split', 'statistics']),
    reranker: checkModel<Reranker>(reranker, 'reranker', ['rerank']),
  };
  const idle = ofIndex.find((option) => retrieve !== undefined && checked[option] !== undefined);
  if (idle) throw invalid(`\`${idle}\` is of no use beside \`retrieve\`, which replaces the index; omit one of them.`);
  if (directory !== undefined && name === undefined) {
    throw invalid('`directory` needs a `name`, under which the index is kept.');
  }
  return taken;
}

/** Takes a model, or a promise of one. A promise that fails makes the calls fail that need the model. */
function checkModel<Model>(value: unknown, name: string, methods: readonly string[]): Promise<Model> | undefined {
  if (value === undefined) return undefined;
  const check = (model: unknown): Model => {
    const isModel = isObject(model) && methods.every((method) => typeof model[method] === 'function');
    if (isModel) return model as Model;
    throw invalidValue(name, `an object with ${methods.join(', ')}, or a promise of one`, model);
  };
  const isPromise = isObject(value) && typeof value.then === 'function';
  const model = isPromise
    ? awaited(value as unknown as PromiseLike<unknown>, name).then(check)
    : Promise.resolve(check(value));
  model.catch(() => {});
  return model;
}

async function awaited(promise: PromiseLike<unknown>, name: string): Promise<unknown> {
  try {
    return await promise;
  } catch (cause) {
    if (cause instanceof RerankError) throw cause;
    throw new RerankError('invalid_input', withReason(`The promise in \`${name}\` failed`, cause), { cause });
  }
}

/** @throws `invalid_input` */
export function checkWriteOptions(options: unknown): SearchWriteOptions {
  const { signal, onProgress } = checkOptions(options, ['signal', 'onProgress']);
  const checked = { signal: checkSignal(signal), onProgress: checkCallback<never>(onProgress, 'onProgress') };
  return checked as SearchWriteOptions;
}

/** The checked options of a query. */
export interface CheckedQuery {
  query: string;
  limit: number;
  candidates: number;
  filter: ((document: SearchDocument) => boolean) | undefined;
  minScore: number | undefined;
  signal: SearchQueryOptions['signal'];
}

/** @throws `invalid_input` */
export function checkQuery(query: unknown, options: unknown, reranks: boolean): CheckedQuery {
  if (typeof query !== 'string') throw invalidValue('query', 'a string', query);
  const names = ['limit', 'candidates', 'filter', 'minScore', 'signal'];
  const { limit, candidates, filter, minScore, signal } = checkOptions(options, names);
  const checkedLimit = checkCount(limit, 'limit') ?? defaultLimit;
  if (minScore !== undefined) {
    if (typeof minScore !== 'number' || !(minScore >= 0 && minScore <= 1)) {
      throw invalidValue('minScore', 'from 0 to 1', minScore);
    }
    if (!reranks) throw invalid('`minScore` needs a `reranker`; pass one to `createSearch`, or omit `minScore`.');
  }
  return {
    query,
    limit: checkedLimit,
    candidates: checkCount(candidates, 'candidates') ?? Math.max(defaultCandidates, checkedLimit),
    filter: checkCallback(filter, 'filter'),
    minScore,
    signal: checkSignal(signal),
  };
}

/**
 * Returns copies of the documents, as JSON keeps them.
 *
 * @throws `invalid_input`
 */
export function checkDocuments(documents: unknown): SearchDocument[] {
  if (!Array.isArray(documents)) throw invalidValue('documents', 'an array', documents);
  return documents.map((document, index) => {
    const name = `documents[${index}]`;
    checkId(document, name);
    if (typeof document.text !== 'string') throw invalidValue(`${name}.text`, 'a string', document.text);
    return copyOf(document, name) as unknown as SearchDocument;
  });
}

/** @throws `invalid_input` */
export function checkChanges(changes: unknown): (Record<string, unknown> & { id: string })[] {
  if (!Array.isArray(changes)) throw invalidValue('changes', 'an array', changes);
  return changes.map((change, index) => {
    const name = `changes[${index}]`;
    checkId(change, name);
    if (change.text !== undefined && typeof change.text !== 'string') {
      throw invalidValue(`${name}.text`, 'a string', change.text);
    }
    return copyOf(change, name) as Record<string, unknown> & { id: string };
  });
}

/** @throws `invalid_input` */
export function checkIds(ids: unknown): string[] {
  if (!Array.isArray(ids)) throw invalidValue('ids', 'an array of strings', ids);
  return ids.map((id, index) => {
    if (typeof id !== 'string') throw invalidValue(`ids[${index}]`, 'a string', id);
    return id;
  });
}

/** @throws `invalid_input` */
export function checkCandidates(candidates: unknown): SearchCandidate[] {
  if (!Array.isArray(candidates)) {
    throw invalid(`\`retrieve\` must return an array of candidates; it returned ${describeValue(candidates)}.`);
  }
  for (const [index, candidate] of candidates.entries()) {
    const name = `retrieve()[${index}]`;
    checkId(candidate, name);
    const { text, score } = candidate;
    if (typeof text !== 'string') throw invalidValue(`${name}.text`, 'a string', text);
    if (score !== undefined && !Number.isFinite(score)) throw invalidValue(`${name}.score`, 'a finite number', score);
  }
  return candidates;
}

function checkId(value: unknown, name: string): asserts value is { id: string; text?: unknown; score?: unknown } {
  if (!isObject(value) || Array.isArray(value)) throw invalidValue(name, 'an object with `id` and `text`', value);
  if (typeof value.id !== 'string' || value.id === '') throw invalidValue(`${name}.id`, 'a non-empty string', value.id);
}

function copyOf(value: object, name: string): object {
  try {
    return JSON.parse(JSON.stringify({ ...value })) as object;
  } catch (cause) {
    throw new RerankError('invalid_input', `\`${name}\` must hold what JSON can hold: ${messageOf(cause)}.`, { cause });
  }
}
