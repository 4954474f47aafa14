import { Held } from '../common/held.js';
import type { RerankOptions } from '../common/types.js';
import { checkReading, lazily, type ReadingOptions, type RerankerSource } from './reranker-source.js';

export type { ReadingOptions, RerankerSource } from './reranker-source.js';

/** The part of a LangChain.js document that this adapter uses. */
export interface LangChainDocument {
  /** The text that is ranked. */
  pageContent: string;
  /** Facts about the document. Results carry a copy with `relevanceScore`. */
  metadata: Record<string, unknown>;
}

/**
 * A document compressor for LangChain.js; it works with and without a `ContextualCompressionRetriever`. It returns
 * copies of the documents, best first, with their score in `metadata.relevanceScore`.
 *
 * @example
 * const compressor = new RerankWasmCompressor({ model: mini }, { topN: 3 });
 * const best = await compressor.compressDocuments(documents, query);
 */
export class RerankWasmCompressor extends Held {
  readonly #get: ReturnType<typeof lazily>;
  readonly #options: RerankOptions;

  /**
   * Without `topN` all documents are returned in their new order.
   *
   * @throws RerankError: `invalid_input`
   */
  constructor(source: RerankerSource = {}, options: ReadingOptions & Pick<RerankOptions, 'topN'> = {}) {
    super();
    this.#get = lazily(source);
    this.#options = checkReading(options, ['longDocuments', 'maxTokens', 'minScore', 'topN'], 'options');
  }

  /** Returns at most `topN` documents, best first. An empty list loads no model. */
  async compressDocuments<Document extends LangChainDocument>(
    documents: Document[],
    query: string,
  ): Promise<Document[]> {
    if (documents.length === 0) return [];
    const reranker = await this.#get();
    const texts = documents.map(({ pageContent }) => pageContent);
    const results = await reranker.rerank(query, texts, this.#options);
    return results.map(({ index, score }) => withScore(documents[index] as Document, score));
  }
}

/** A copy of the document in the same class. */
function withScore<Document extends LangChainDocument>(document: Document, relevanceScore: number): Document {
  const metadata = { ...document.metadata, relevanceScore };
  return Object.assign(Object.create(Object.getPrototypeOf(document)), document, { metadata });
}
