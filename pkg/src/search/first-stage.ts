import { callbackError, untilAborted } from '../common/deferred.js';
import type { Embedder } from '../common/embedding.js';
import { RerankError, throwIfAborted } from '../common/errors.js';
import type { Documents } from './documents.js';
import { type CheckedQuery, checkCandidates } from './options.js';
import { type Candidate, fused, ranked } from './ranking.js';
import type { Retrieve, SearchCandidate, SearchDocument } from './types.js';

/** Yields what the index finds: by words, and then by vectors, too. */
export async function* fromIndex(
  documents: Documents,
  { query, candidates: count, filter, signal }: CheckedQuery,
): AsyncGenerator<Candidate[], void, undefined> {
  const { collection } = documents;
  const accepts = filter && checkedFilter(filter);
  // The model works while the caller shows the first list.
  const vector = documents.vectorOf(query, signal);
  vector.catch(() => {});
  let words = byWords();
  if (words.found) yield words.found;
  const wanted = await untilAborted(vector, signal as AbortSignal | undefined);
  if (!wanted) return;
  if (words.version !== collection.version) words = byWords();
  const near = ranked('vectors', collection.byVector(wanted, count, words.allowed), count);
  yield words.found ? fused(words.found, words.most, near, count) : near;

  function byWords() {
    const allowed = accepts && collection.allowed(accepts);
    const { found, most = 0 } = collection.byWords(query, allowed) ?? {};
    return { allowed, found: found && ranked('keywords', found, count), most, version: collection.version };
  }
}

/** Yields what the caller's own first stage finds. */
export async function* retrieved(
  retrieve: Retrieve,
  embedder: Promise<Embedder> | undefined,
  { query, candidates: count, filter, signal }: CheckedQuery,
): AsyncGenerator<Candidate[], void, undefined> {
  const vector = await untilAborted(vectorBy(embedder, query, signal), signal as AbortSignal | undefined);
  const found = checkCandidates(await called(retrieve, query, vector, { limit: count, signal }));
  const accepts = filter && checkedFilter(filter);
  const kept = accepts ? found.filter((candidate) => accepts(candidate)) : found;
  yield kept.slice(0, count).map((candidate, index) => candidateOf(candidate, index));
}

function candidateOf(document: SearchCandidate, index: number): Candidate {
  const rank = index + 1;
  const score = document.score ?? 1 / rank;
  const entry = { document, order: index };
  return { entry, start: 0, end: document.text.length, score, stages: { retrieved: { rank, score } } };
}

async function called(retrieve: Retrieve, ...[query, vector, options]: Parameters<Retrieve>): Promise<unknown> {
  const signal = options.signal as AbortSignal | undefined;
  try {
    return await untilAborted(Promise.resolve(retrieve(query, vector, options)), signal);
  } catch (cause) {
    throwIfAborted(signal);
    throw cause instanceof RerankError ? cause : callbackError(cause, 'retrieve');
  }
}

async function vectorBy(
  embedder: Promise<Embedder> | undefined,
  query: string,
  signal: CheckedQuery['signal'],
): Promise<Float32Array | undefined> {
  const made = await (await embedder)?.embed([query], { kind: 'query', ...(signal ? { signal } : {}) });
  return made?.embeddings[0];
}

function checkedFilter(filter: (document: SearchDocument) => boolean): (document: SearchDocument) => boolean {
  return (document) => {
    try {
      return filter(document);
    } catch (cause) {
      throw callbackError(cause, 'filter');
    }
  };
}
