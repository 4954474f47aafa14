import type { Embedder } from '../common/embedding.js';
import type { AbortSignal } from '../common/globals.js';
import type { Reranker, RerankProgress } from '../common/types.js';

/** A document: a name, a text, and anything else that JSON can hold. It is kept as JSON, and hits carry it. */
export interface SearchDocument {
  /** Identifies the document. A later one with the same `id` replaces it. */
  id: string;
  /** The text that is found. */
  text: string;
}

/** A document with other properties of any type. */
export type AnyDocument = SearchDocument & Record<string, unknown>;

/** A document that your first stage found. Several may be passages of one document and have its `id`. */
export interface SearchCandidate extends SearchDocument {
  /** How well it matches by your first stage. Default: its place in your list counts alone. */
  score?: number;
}

/** What a search is made of. Unknown names are refused with `invalid_input`. */
export interface SearchOptions {
  /**
   * Finds passages by their meaning. A promise may still be loading: a search waits for it where it needs vectors. You
   * dispose of it. Default: none; the search finds keywords alone.
   *
   * @example
   * embedder: createEmbedder({ model: 'bge-small-en-v1.5' })
   */
  embedder?: Embedder | PromiseLike<Embedder>;
  /**
   * Puts the best candidates in order. It may be a promise, too, and you dispose of it. Default: none; the order is that
   * of the first stage.
   *
   * @example
   * reranker: createReranker({ model: 'bge-reranker-base' })
   */
  reranker?: Reranker | PromiseLike<Reranker>;
  /**
   * Keeps the index on this machine under this name. One process or tab at a time may have it open. Default: the index
   * is in memory and ends with the search.
   *
   * @example
   * name: 'notes'
   */
  name?: string;
  /**
   * The directory that holds indexes, in Node, Deno and Bun. Default: `search` below `$RERANK_WASM_CACHE`, else below
   * `rerank-wasm` in the user's directory for caches.
   *
   * @example
   * directory: '/var/lib/my-app'
   */
  directory?: string;
  /**
   * Longest passage in tokens of the embedder. Longer documents are cut into several. Default: 256.
   *
   * @example
   * chunkTokens: 128
   */
  chunkTokens?: number;
  /**
   * How many tokens a passage shares with the one before. Default: an eighth of its tokens.
   *
   * @example
   * overlap: 0
   */
  overlap?: number;
  /**
   * Your own first stage, in place of the index. It receives the query, and its vector if there is an embedder. It
   * returns candidates, best first.
   *
   * @example
   * retrieve: async (query, vector, { limit }) => database.nearest(vector, limit)
   */
  retrieve?: Retrieve;
  /**
   * Receives the progress while documents of another model are embedded again after the index was opened.
   *
   * @example
   * onProgress: ({ done, total }) => (bar.value = done / total)
   */
  onProgress?: (progress: RerankProgress) => void;
}

/** Finds candidates in place of the index, best first. */
export type Retrieve = (
  query: string,
  vector: Float32Array | undefined,
  options: { limit: number; signal: AbortSignal | undefined },
) => Candidates | PromiseLike<Candidates>;

/** What your first stage returns. */
export type Candidates = readonly (SearchCandidate | (SearchCandidate & Record<string, unknown>))[];

/** How documents are added, changed or removed. Unknown names are refused with `invalid_input`. */
export interface SearchWriteOptions {
  /**
   * Receives the progress, counted in documents. If it throws, the call fails with `invalid_input`, and the error is the
   * `cause`.
   *
   * @example
   * onProgress: ({ done, total }) => (bar.value = done / total)
   */
  onProgress?: (progress: RerankProgress) => void;
  /**
   * Ends the call. Documents of finished batches stay; of all others nothing is kept.
   *
   * @example
   * signal: AbortSignal.timeout(60_000)
   */
  signal?: AbortSignal;
}

/** How a query is answered. Unknown names are refused with `invalid_input`. */
export interface SearchQueryOptions<Document extends SearchDocument = AnyDocument> {
  /**
   * The most hits. Default: 10.
   *
   * @example
   * limit: 5
   */
  limit?: number;
  /**
   * How many passages of each stage go on to the next one. Default: 50, or `limit` if it is more.
   *
   * @example
   * candidates: 100
   */
  candidates?: number;
  /**
   * Leaves out documents for which it returns false, before candidates are counted.
   *
   * @example
   * filter: ({ folder }) => folder === 'work'
   */
  filter?: (document: Document) => boolean;
  /**
   * Leaves out hits to which the reranker gives a lower score, from 0 to 1. It needs a reranker.
   *
   * @example
   * minScore: 0.5
   */
  minScore?: number;
  /**
   * Aborts as in `embed` and `rerank`.
   *
   * @example
   * signal: AbortSignal.timeout(5_000)
   */
  signal?: AbortSignal;
}

/** Where a stage put a passage. */
export interface StageRank {
  /** Place among the passages of this stage, from 1. */
  rank: number;
  /** The stage's score. */
  score: number;
}

/** The stages that saw a passage. */
export interface SearchStages {
  /** BM25+ of its words. */
  keywords?: StageRank;
  /** Cosine of its vector and the query's. */
  vectors?: StageRank;
  /** Weighted sum of both scores, from 0 to 1: a fifth for keywords, the rest for vectors. */
  fused?: StageRank;
  /** Your `retrieve`. */
  retrieved?: StageRank;
  /** The reranker's score, from 0 to 1. */
  rerank?: StageRank;
}

/** A document that was found, by its best passage. */
export interface SearchHit<Document extends SearchDocument = AnyDocument> {
  /** The document's name. */
  id: string;
  /** The document as it was added. */
  document: Document;
  /** The passage that counts is `document.text.slice(start, end)`. */
  chunk: { start: number; end: number };
  /** The score of the last stage. */
  score: number;
  /** What each stage says about this passage. */
  stages: SearchStages;
}

/** Facts about a search. */
export interface SearchStatistics {
  /** How many documents the index holds. */
  documents: number;
  /** How many passages they have. */
  chunks: number;
  /** Size of their vectors and ranges in memory, in bytes. */
  bytes: number;
  /** Name of the embedding model; undefined without an embedder. */
  model: string | undefined;
}

/**
 * An index of documents, and the stages that find them. Calls may overlap; changes take turns, in the order of the calls.
 * The methods need no `this`.
 */
export interface Search<Document extends SearchDocument = AnyDocument> {
  /**
   * Cuts documents into passages, embeds and indexes them. A document with a known `id` replaces the earlier one. If its
   * text is unchanged, it is not embedded again.
   *
   * @example
   * await search.add([{ id: '1', text: 'Cancel at any time.', folder: 'faq' }]);
   */
  add(documents: readonly Document[], options?: SearchWriteOptions): Promise<void>;
  /**
   * Changes properties of documents; all others stay.
   *
   * @example
   * await search.update([{ id: '1', folder: 'archive' }]);
   *
   * @throws RerankError: `invalid_input` for an unknown `id`; then nothing changes
   */
  update(changes: readonly (Partial<Document> & Pick<Document, 'id'>)[], options?: SearchWriteOptions): Promise<void>;
  /**
   * Removes documents. Unknown names are ignored.
   *
   * @example
   * await search.remove(['1']);
   */
  remove(ids: readonly string[], options?: SearchWriteOptions): Promise<void>;
  /**
   * Finds documents, best first. Waits for all stages.
   *
   * @example
   * const [best] = await search.search('how do I cancel');
   */
  search(query: string, options?: SearchQueryOptions<Document>): Promise<SearchHit<Document>[]>;
  /**
   * Yields up to three lists, each better than the one before: keywords at once, fused with vectors, reranked.
   *
   * @example
   * for await (const hits of search.stream('how do I cancel')) show(hits);
   */
  stream(query: string, options?: SearchQueryOptions<Document>): AsyncGenerator<SearchHit<Document>[], void, undefined>;
  /**
   * Returns copies of the documents, after the changes that were begun: to remove those that are gone, for example.
   *
   * @example
   * const gone = (await search.documents()).filter(({ id }) => !files.has(id));
   */
  documents(): Promise<Document[]>;
  /** Counts what the index holds, after the changes that were begun. */
  statistics(): Promise<SearchStatistics>;
  /** Frees the index, and its name for others. The embedder and the reranker stay yours. It may be called twice. */
  dispose(): Promise<void>;
}

/** The type of `createSearch`. */
export type CreateSearch = <Document extends SearchDocument = AnyDocument>(
  options?: SearchOptions,
) => Promise<Search<Document>>;
