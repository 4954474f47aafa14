import type { Backend, ScoreTask } from './backend.js';
import { throwIfAborted } from './errors.js';
import { isObject } from './kinds.js';
import { type CheckedRerankOptions, checkRerankOptions, invalid } from './options.js';
import type { RerankDocument, Reranker, RerankerStatistics, RerankOptions, RerankResult } from './types.js';
import type { RankedDocument } from './wasm/bindings.js';

/** The arguments of one `rerank`, checked, and their texts and list copied: later changes by the caller mean nothing. */
export class Call<Document extends RerankDocument> {
  readonly task: ScoreTask;
  readonly #documents: readonly Document[];
  readonly #options: CheckedRerankOptions;

  /** @throws `invalid_input`, `aborted` */
  constructor(query: string, documents: readonly Document[], options: RerankOptions | undefined) {
    if (typeof query !== 'string') throw invalid('query must be a string');
    if (query.trim() === '') throw invalid('query must not be empty');
    if (!Array.isArray(documents)) throw invalid('documents must be an array');
    const checked = checkRerankOptions(options);
    const { onProgress, signal, topN, maxTokens, longDocuments } = checked;
    this.#options = checked;
    this.#documents = [...documents];
    const texts = this.#documents.map(textOf);
    throwIfAborted(signal);
    const chunk = longDocuments === 'chunk';
    this.task = { query, texts, topN: topN && Math.min(topN, texts.length), maxTokens, chunk, onProgress, signal };
  }

  /** The ranked list as the caller asked for it. */
  present(ranked: RankedDocument[]): RerankResult<Document>[] {
    const { activation, returnDocuments } = this.#options;
    return ranked.map(({ index, logit, score, tokens, truncated, window }) => {
      const result: RerankResult<Document> = {
        index,
        score: activation === 'none' ? logit : score,
        logit,
        tokens,
        truncated,
        ...(window && { window }),
      };
      return returnDocuments ? { ...result, document: this.#documents[index] as Document } : result;
    });
  }
}

/** What the caller holds: arguments are checked here, the work is the backend's. */
export class ClientReranker implements Reranker {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async rerank<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankOptions,
  ): Promise<RerankResult<Document>[]> {
    return this.serve(new Call(query, documents, options));
  }

  /** Does what a checked call asks for. */
  async serve<Document extends RerankDocument>(call: Call<Document>): Promise<RerankResult<Document>[]> {
    return call.present(await this.#backend.score(call.task));
  }

  statistics(): Promise<RerankerStatistics> {
    return this.#backend.statistics();
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }
}

function textOf(document: unknown, index: number): string {
  const text = isObject(document) ? document.text : document;
  if (typeof text !== 'string')
    throw invalid(`documents[${index}] must be a string or an object with a string \`text\``);
  return text;
}
