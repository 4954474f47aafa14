import type { EmbedOptions } from '../common/embedding.js';
import { Held } from '../common/held.js';
import type { RerankOptions } from '../common/types.js';
import { checkEmbedding, type EmbedderSource, lazyEmbedder } from './embedder-source.js';
import { checkReading, lazily, type ReadingOptions, type RerankerSource } from './reranker-source.js';

export type { EmbedderSource } from './embedder-source.js';
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

/**
 * Embeddings for LangChain.js, for its vector stores and retrievers. Queries and documents receive the prompts that the
 * model was trained with.
 *
 * @example
 * const store = await MemoryVectorStore.fromTexts(texts, metadata, new RerankWasmEmbeddings({ model: 'bge-small-en-v1.5' }));
 */
export class RerankWasmEmbeddings extends Held {
  readonly #get: ReturnType<typeof lazyEmbedder>;
  readonly #options: Pick<EmbedOptions, 'dimensions' | 'maxTokens'>;

  /** @throws RerankError: `invalid_input` */
  constructor(source: EmbedderSource = {}, options: Pick<EmbedOptions, 'dimensions' | 'maxTokens'> = {}) {
    super();
    this.#get = lazyEmbedder(source);
    this.#options = checkEmbedding(options, ['dimensions', 'maxTokens'], 'options');
  }

  /** Returns a vector of length 1 for each document. An empty list loads no model. */
  async embedDocuments(documents: string[]): Promise<number[][]> {
    if (documents.length === 0) return [];
    return this.#embed(documents, 'document');
  }

  /** Returns the vector of a query. */
  async embedQuery(query: string): Promise<number[]> {
    const [vector = []] = await this.#embed([query], 'query');
    return vector;
  }

  async #embed(texts: string[], kind: 'query' | 'document'): Promise<number[][]> {
    const embedder = await this.#get();
    const { embeddings } = await embedder.embed(texts, { ...this.#options, kind });
    return embeddings.map((vector) => Array.from(vector));
  }
}

/** A copy of the document in the same class. */
function withScore<Document extends LangChainDocument>(document: Document, relevanceScore: number): Document {
  const metadata = { ...document.metadata, relevanceScore };
  return Object.assign(Object.create(Object.getPrototypeOf(document)), document, { metadata });
}
