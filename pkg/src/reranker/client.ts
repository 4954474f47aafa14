import { invalid } from '../common/check.js';
import { throwIfAborted } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type {
  RerankDocument,
  Reranker,
  RerankerStatistics,
  RerankOptions,
  RerankResult,
  RerankStreamOptions,
} from '../common/types.js';
import type { Backend, ScoredDocument, ScoreTask } from '../engine/backend.js';
import { type CheckedRerankOptions, checkRerankOptions } from './options.js';
import { streamScores } from './stream.js';

/** The arguments of one call, checked, and their texts and list copied: later changes by the caller mean nothing. */
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
    const { onProgress, signal, maxTokens, longDocuments } = checked;
    this.#options = checked;
    this.#documents = [...documents];
    const texts = this.#documents.map(textOf);
    throwIfAborted(signal);
    let done = 0;
    const onScored = () => {
      done += 1;
      onProgress?.({ done, total: texts.length });
    };
    this.task = { query, texts, maxTokens, chunk: longDocuments === 'chunk', onScored, signal };
  }

  get topN(): number | undefined {
    return this.#options.topN;
  }

  /** A document's score as the caller asked for it. */
  present({ index, logit, score, tokens, truncated, window }: ScoredDocument): RerankResult<Document> {
    const { activation, returnDocuments } = this.#options;
    const result: RerankResult<Document> = {
      index,
      score: activation === 'none' ? logit : score,
      logit,
      tokens,
      truncated,
      ...(window && { window }),
    };
    return returnDocuments ? { ...result, document: this.#documents[index] as Document } : result;
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

  stream<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankStreamOptions,
  ): AsyncGenerator<RerankResult<Document>, void, undefined> {
    // The arguments are read now, though the first document is asked for later, and an error is the first answer.
    const checked = attempt(() => newStreamCall(query, documents, options));
    return this.#follow(checked);
  }

  /** Does what a checked call asks for. */
  async serve<Document extends RerankDocument>(call: Call<Document>): Promise<RerankResult<Document>[]> {
    const scored: ScoredDocument[] = [];
    const onScored = (document: ScoredDocument) => {
      scored.push(document);
      call.task.onScored(document);
    };
    await this.#backend.score({ ...call.task, onScored });
    return rank(scored, call.topN).map((document) => call.present(document));
  }

  async *#follow<Document extends RerankDocument>(
    checked: () => Call<Document>,
  ): AsyncGenerator<RerankResult<Document>, void, undefined> {
    const call = checked();
    for await (const document of streamScores((task) => this.#backend.score(task), call.task)) {
      yield call.present(document);
    }
  }

  statistics(): Promise<RerankerStatistics> {
    return this.#backend.statistics();
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }
}

/** Best first by logit, ties by index, at most `topN`. */
function rank(documents: readonly ScoredDocument[], topN: number | undefined): ScoredDocument[] {
  return [...documents].sort((left, right) => right.logit - left.logit || left.index - right.index).slice(0, topN);
}

function newStreamCall<Document extends RerankDocument>(
  query: string,
  documents: readonly Document[],
  options: RerankStreamOptions | undefined,
): Call<Document> {
  if (isObject(options) && 'topN' in options && options.topN !== undefined) {
    throw invalid('a stream has no topN: all documents come, in the order of the list');
  }
  return new Call(query, documents, options);
}

/** Does `action` now; gives a function that gives what it gave, or throws what it threw. */
function attempt<Value>(action: () => Value): () => Value {
  try {
    const value = action();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function textOf(document: unknown, index: number): string {
  const text = isObject(document) ? document.text : document;
  if (typeof text !== 'string')
    throw invalid(`documents[${index}] must be a string or an object with a string \`text\``);
  return text;
}
