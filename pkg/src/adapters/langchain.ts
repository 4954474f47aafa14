import type { RerankOptions } from '../common/types.js';
import { lazily, type ReadingOptions, type RerankerSource } from './reranker-source.js';

export type { ReadingOptions, RerankerSource } from './reranker-source.js';

/** What LangChain.js calls a document, as far as it matters here. */
export interface LangChainDocument {
  /** The text that is ranked. */
  pageContent: string;
  /** What else is known of it; a copy of it gets `relevanceScore`. */
  metadata: Record<string, unknown>;
}

/**
 * A document compressor for LangChain.js, with or without its `ContextualCompressionRetriever`: gives the documents best
 * first, as copies whose `metadata.relevanceScore` is their score.
 */
export class RerankWasmCompressor {
  readonly #get: ReturnType<typeof lazily>;
  readonly #options: RerankOptions;

  /** Without `topN` all documents are given back, in their new order. */
  constructor(source: RerankerSource = {}, options: ReadingOptions & Pick<RerankOptions, 'topN'> = {}) {
    this.#get = lazily(source);
    this.#options = options;
  }

  /** The documents best first, at most `topN`; no documents load nothing. */
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

/** A copy that is of the same class. */
function withScore<Document extends LangChainDocument>(document: Document, relevanceScore: number): Document {
  const metadata = { ...document.metadata, relevanceScore };
  return Object.assign(Object.create(Object.getPrototypeOf(document)), document, { metadata });
}
