import { invalid } from '../common/check.js';
import { untilAborted } from '../common/deferred.js';
import type { Embedder } from '../common/embedding.js';
import { RerankError, throwIfAborted } from '../common/errors.js';
import { Held } from '../common/held.js';
import type { Reranker } from '../common/types.js';
import type { Documents } from './documents.js';
import { fromIndex, retrieved } from './first-stage.js';
import { type CheckedQuery, checkChanges, checkDocuments, checkIds, checkQuery, checkWriteOptions } from './options.js';
import { type Candidate, hitsOf, withStage } from './ranking.js';
import type {
  Retrieve,
  Search,
  SearchDocument,
  SearchHit,
  SearchQueryOptions,
  SearchStatistics,
  SearchWriteOptions,
} from './types.js';

/** What a search is made of: an index, or the caller's own first stage. */
export type SearchParts = { reranker: Promise<Reranker> | undefined } & (
  | { documents: Documents }
  | { retrieve: Retrieve; embedder: Promise<Embedder> | undefined }
);

/** The search that the caller holds. It checks arguments and runs the stages. */
export class ClientSearch<Document extends SearchDocument> extends Held implements Search<Document> {
  readonly #parts: SearchParts;
  #isDisposed = false;

  /** Takes the index over. Models stay with the caller. */
  constructor(parts: SearchParts) {
    super();
    this.#parts = parts;
  }

  async add(documents: readonly Document[], options?: SearchWriteOptions): Promise<void> {
    const checked = checkDocuments(documents);
    await this.#documents('add').put(() => checked, checkWriteOptions(options));
  }

  async update(
    changes: readonly (Partial<Document> & Pick<Document, 'id'>)[],
    options?: SearchWriteOptions,
  ): Promise<void> {
    const checked = checkChanges(changes);
    const documents = this.#documents('update');
    const merged = () => {
      const made = new Map<string, SearchDocument>();
      for (const change of checked) {
        made.set(change.id, { ...(made.get(change.id) ?? documents.document(change.id)), ...change });
      }
      return [...made.values()];
    };
    await documents.put(merged, checkWriteOptions(options));
  }

  async remove(ids: readonly string[], options?: SearchWriteOptions): Promise<void> {
    const checked = checkIds(ids);
    await this.#documents('remove').remove(checked, checkWriteOptions(options));
  }

  async documents(): Promise<Document[]> {
    return structuredClone(await this.#documents('documents').all()) as Document[];
  }

  async search(query: string, options?: SearchQueryOptions<Document>): Promise<SearchHit<Document>[]> {
    let last: SearchHit<Document>[] = [];
    for await (const hits of this.stream(query, options)) last = hits;
    return last;
  }

  async *stream(
    query: string,
    options?: SearchQueryOptions<Document>,
  ): AsyncGenerator<SearchHit<Document>[], void, undefined> {
    const { reranker } = this.#parts;
    const call = checkQuery(query, options, reranker !== undefined);
    this.#throwIfEnded(call);
    let candidates: Candidate[] = [];
    for await (candidates of this.#found(call)) {
      yield this.#hits(candidates, call);
      this.#throwIfEnded(call);
    }
    if (!reranker) return;
    const best = await this.#reranked(await untilAborted(reranker, call.signal as AbortSignal), candidates, call);
    this.#throwIfEnded(call);
    yield this.#hits(best, call);
  }

  async statistics(): Promise<SearchStatistics> {
    this.#throwIfDisposed();
    const parts = this.#parts;
    if ('documents' in parts) return parts.documents.statistics();
    const model = (await (await parts.embedder)?.statistics())?.model;
    return { documents: 0, chunks: 0, bytes: 0, model };
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    if ('documents' in this.#parts) await this.#parts.documents.close();
  }

  /** Yields what the first stage finds, each time better. */
  #found(call: CheckedQuery): AsyncGenerator<Candidate[], void, undefined> {
    const parts = this.#parts;
    return 'documents' in parts ? fromIndex(parts.documents, call) : retrieved(parts.retrieve, parts.embedder, call);
  }

  #hits(candidates: readonly Candidate[], { limit }: CheckedQuery): SearchHit<Document>[] {
    const hits = hitsOf(candidates, limit) as SearchHit<Document>[];
    if ('retrieve' in this.#parts) return hits;
    // The caller may change what it receives, and the index must not change with it.
    return hits.map((hit) => ({ ...hit, document: structuredClone(hit.document) }));
  }

  async #reranked(
    reranker: Reranker,
    candidates: readonly Candidate[],
    { query, minScore, signal }: CheckedQuery,
  ): Promise<Candidate[]> {
    const texts = candidates.map(({ entry, start, end }) => entry.document.text.slice(start, end));
    if (texts.length === 0) return [];
    // A passage that an embedder cut fits beside the query; a whole document may not.
    const results = await reranker.rerank(query, texts, {
      longDocuments: 'chunk',
      ...(minScore === undefined ? {} : { minScore }),
      ...(signal ? { signal } : {}),
    });
    const scored = results.map(({ index, score, window }) => {
      const candidate = candidates[index] as Candidate;
      const { start, end } = candidate;
      const range = window ? { start: start + window.start, end: start + window.end } : { start, end };
      return { ...candidate, ...range, score };
    });
    return withStage('rerank', scored);
  }

  #documents(method: string): Documents {
    this.#throwIfDisposed();
    if ('documents' in this.#parts) return this.#parts.documents;
    throw invalid(`\`${method}\` has no index here, because \`retrieve\` replaces it; use your own index.`);
  }

  #throwIfEnded({ signal }: CheckedQuery): void {
    this.#throwIfDisposed();
    throwIfAborted(signal as AbortSignal | undefined);
  }

  #throwIfDisposed(): void {
    if (this.#isDisposed) throw new RerankError('disposed', 'The search was disposed; create a new one.');
  }
}
