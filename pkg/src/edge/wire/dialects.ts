import type { RerankResult } from '../../common/types.js';
import { check, type Schema } from './check-schema.js';

/** A request for a ranking, the same in every dialect. */
export interface RankingRequest {
  model: string | undefined;
  query: string;
  texts: string[];
  topN: number | undefined;
  returnDocuments: boolean;
  maxTokensPerDocument: number | undefined;
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
  /** All documents, best first. */
  results: readonly RerankResult[];
}

/** The form of requests and answers that a kind of client uses. */
export interface Dialect {
  /** @throws `invalid_value`, `too_many_documents` */
  read(body: unknown): RankingRequest;
  write(ranking: Ranking): unknown;
}

type Optional<Value> = Value | null | undefined;

interface RerankBody {
  model?: Optional<string>;
  query: string;
  documents: (string | { text: string })[];
  top_n?: Optional<number>;
  top_k?: Optional<number>;
  return_documents?: Optional<boolean>;
  max_tokens_per_doc?: Optional<number>;
}

interface WorkersAiBody {
  model?: Optional<string>;
  query: string;
  contexts: { text: string }[];
  top_k?: Optional<number>;
}

/** The dialects of the request schemas. */
export function dialects(schemas: { rerank: Schema; workersAi: Schema }) {
  /** Cohere v1 and v2, Jina, and services that follow them. */
  const rerank: Dialect = {
    read(body) {
      check(body, schemas.rerank);
      const { model, query, documents, top_n, top_k, return_documents, max_tokens_per_doc } = body as RerankBody;
      return {
        model: model ?? undefined,
        query,
        texts: documents.map((document) => (typeof document === 'string' ? document : document.text)),
        topN: top_n ?? top_k ?? undefined,
        returnDocuments: return_documents ?? false,
        maxTokensPerDocument: max_tokens_per_doc ?? undefined,
      };
    },
    write({ id, model, version, request, results }) {
      const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
      const cut = results.filter(({ truncated }) => truncated).length;
      return {
        id,
        object: 'list',
        model,
        results: results.slice(0, request.topN).map(({ index, score }) => ({
          index,
          relevance_score: score,
          ...(request.returnDocuments ? { document: { text: request.texts[index] } } : {}),
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        meta: {
          api_version: { version },
          tokens: { input_tokens: tokens, output_tokens: 0 },
          ...(cut > 0
            ? { warnings: [`${cut} of ${results.length} documents were cut because they are too long.`] }
            : {}),
        },
      };
    },
  };

  const workersAi: Dialect = {
    read(body) {
      check(body, schemas.workersAi);
      const { model, query, contexts, top_k } = body as WorkersAiBody;
      return {
        model: model ?? undefined,
        query,
        texts: contexts.map(({ text }) => text),
        topN: top_k ?? undefined,
        returnDocuments: false,
        maxTokensPerDocument: undefined,
      };
    },
    write: ({ request, results }) => ({
      response: results.slice(0, request.topN).map(({ index, score }) => ({ id: index, score })),
    }),
  };

  return {
    /** Finds the dialect of a body; only Workers AI has `contexts`. */
    of(body: unknown): Dialect {
      const isObject = typeof body === 'object' && body !== null;
      return isObject && Object.hasOwn(body, 'contexts') && !Object.hasOwn(body, 'documents') ? workersAi : rerank;
    },
  };
}
