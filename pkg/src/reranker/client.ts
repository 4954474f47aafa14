import { invalid, invalidValue } from '../common/check.js';
import { throwIfAborted } from '../common/errors.js';
import { Held } from '../common/held.js';
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
import { runDistinct } from '../engine/distinct.js';
import { type CheckedRerankOptions, checkRerankOptions } from './options.js';
import { streamScores } from './stream.js';

/**
 * The checked arguments of one call. The list and its texts are copied, so later changes by the caller have no effect.
 */
export class Call<Document extends RerankDocument> {
  readonly task: ScoreTask;
  readonly #documents: readonly Document[];
  readonly #options: CheckedRerankOptions;

  /** @throws `invalid_input`, `aborted` */
  constructor(query: string, documents: readonly Document[], options: RerankOptions | undefined) {
    if (typeof query !== 'string') throw invalidValue('query', 'a string', query);
    if (query.trim() === '') throw invalid('`query` must have a character that is not white space; it has none.');
    if (!Array.isArray(documents)) {
      throw invalidValue('documents', 'an array of strings or of objects with a `text`', documents);
    }
    const checked = checkRerankOptions(options);
    const { onProgress, signal, maxTokens, longDocuments } = checked;
    this.#options = checked;
    this.#documents = [...documents];
    const texts = this.#documents.map(textOf);
    throwIfAborted(signal);
    let done = 0;
    const onResult = () => {
      done += 1;
      onProgress?.({ done, total: texts.length });
    };
    const request = { kind: 'score', query, maxTokens, chunk: longDocuments === 'chunk' } as const;
    this.task = { request, texts, onResult, signal };
  }

  get topN(): number | undefined {
    return this.#options.topN;
  }

  /** True unless the caller leaves out results with such a score. */
  wants(document: ScoredDocument): boolean {
    const { minScore } = this.#options;
    return minScore === undefined || this.#score(document) >= minScore;
  }

  /** The result of a document in the form that the caller chose. */
  present(document: ScoredDocument): RerankResult<Document> {
    const { index, logit, tokens, truncated, window } = document;
    const { returnDocuments } = this.#options;
    const result: RerankResult<Document> = {
      index,
      score: this.#score(document),
      logit,
      tokens,
      truncated,
      // Documents with the same text share a window, and results are the caller's.
      ...(window && { window: { ...window } }),
    };
    return returnDocuments ? { ...result, document: this.#documents[index] as Document } : result;
  }

  #score({ logit, score }: ScoredDocument): number {
    return this.#options.activation === 'none' ? logit : score;
  }
}

/** The reranker that the caller holds. It checks arguments and leaves the work to the backend. */
export class ClientReranker extends Held implements Reranker {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    super();
    this.#backend = backend;
  }

  async rerank<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankOptions,
  ): Promise<RerankResult<Document>[]> {
    return serve(this.#backend, new Call(query, documents, options));
  }

  stream<Document extends RerankDocument>(
    query: string,
    documents: readonly Document[],
    options?: RerankStreamOptions,
  ): AsyncGenerator<RerankResult<Document>, void, undefined> {
    // The call reads its arguments now; the loop reports an error in them when it starts.
    const checked = attempt(() => newStreamCall(query, documents, options));
    return this.#follow(checked);
  }

  async *#follow<Document extends RerankDocument>(
    checked: () => Call<Document>,
  ): AsyncGenerator<RerankResult<Document>, void, undefined> {
    const call = checked();
    for await (const document of streamScores((task) => runDistinct(this.#backend, task), call.task)) {
      if (call.wants(document)) yield call.present(document);
    }
  }

  statistics(): Promise<RerankerStatistics> {
    return this.#backend.statistics();
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }
}

/** Ranks the documents of a checked call. */
export async function serve<Document extends RerankDocument>(
  backend: Pick<Backend, 'run'>,
  call: Call<Document>,
): Promise<RerankResult<Document>[]> {
  const scored: ScoredDocument[] = [];
  const onResult = (document: ScoredDocument) => {
    scored.push(document);
    call.task.onResult(document);
  };
  await runDistinct(backend, { ...call.task, onResult });
  const wanted = scored.filter((document) => call.wants(document));
  return rank(wanted, call.topN).map((document) => call.present(document));
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
    throw invalid('`stream` has no `topN`: it yields every document in the order of the list; use `rerank` instead.');
  }
  return new Call(query, documents, options);
}

/** Runs `action` now; the returned function returns its value or throws its error. */
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
  if (typeof text === 'string') return text;
  const name = `documents[${index}]`;
  if (isObject(document)) throw invalidValue(`${name}.text`, 'a string', text);
  throw invalidValue(name, 'a string or an object with a `text`', document);
}
