import type { RerankResult } from '../../common/types.js';
import type { Schema } from './check-schema.js';

/** The facts about a handler that schemas mention. */
export interface SchemaFacts {
  /** Most documents in one request. */
  documents: number;
  /** Names of the model. */
  models: readonly string[];
  /** The path below which the endpoints are, such as `/api`; empty for none. */
  basePath: string;
}

/** A query with the documents that are scored against it. */
export interface RankingPart {
  query: string;
  texts: readonly string[];
  /** The documents' places in the answer. Default: their places in `texts`. */
  places?: readonly number[];
}

/** A request for a ranking, the same in every dialect. */
export interface RankingRequest {
  model: string | undefined;
  /** One part, apart from requests with a query for each document. */
  parts: readonly RankingPart[];
  topN: number | undefined;
  /** The documents as they were sent, if the answer has them. */
  returned: readonly unknown[] | undefined;
  maxTokensPerDocument: number | undefined;
  /** Most tokens of a pair. */
  maxTokens: number | undefined;
  /** True if the client wants logits instead of scores between 0 and 1. */
  rawScores: boolean;
  /** True if a document that is too long is a refusal; otherwise it is cut. */
  refusesLong: boolean;
  /** The fields that a refusal names. */
  fields: { query: string; documents: string };
}

/** A ranking with the facts that its answer carries. */
export interface Ranking {
  /** The request's id. */
  id: string;
  /** The model's name. */
  model: string;
  /** The version of the request's path. */
  version: string;
  request: RankingRequest;
  /** All documents, best first; with several parts, each part best first. */
  results: readonly RerankResult[];
}

/** The form of requests and answers that a kind of client uses. */
export interface Dialect {
  /** Names its schemas in the OpenAPI document: with `Request` and `Response` after it. */
  name: string;
  request: Schema;
  response: Schema;
  /**
   * Reads a body that fits the schema.
   *
   * @throws `invalid_value` for rules that no schema expresses
   */
  read(body: unknown): RankingRequest;
  write(ranking: Ranking): unknown;
}

/** A field that a client may leave out or set to null. */
export type Optional<Value> = Value | null | undefined;

/** A request with one query and the defaults of all dialects. */
export function rankingRequest(
  part: RankingPart,
  others: Partial<RankingRequest> & Pick<RankingRequest, 'fields'>,
): RankingRequest {
  return {
    model: undefined,
    parts: [part],
    topN: undefined,
    returned: undefined,
    maxTokensPerDocument: undefined,
    maxTokens: undefined,
    rawScores: false,
    refusesLong: false,
    ...others,
  };
}

/** The score in the form that the client wants. */
export function scoreOf({ rawScores }: RankingRequest, { score, logit }: RerankResult): number {
  return rawScores ? logit : score;
}

/** The tokens that the model read. */
export function tokensOf(results: readonly RerankResult[]): number {
  return results.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** The results in the order of the documents. */
export function inOrder(results: readonly RerankResult[]): RerankResult[] {
  return [...results].sort((left, right) => left.index - right.index);
}
