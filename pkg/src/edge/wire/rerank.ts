import { type Schema, wrong } from './check-schema.js';
import {
  type Dialect,
  type Optional,
  type Ranking,
  type RankingRequest,
  rankingRequest,
  type SchemaFacts,
  scoreOf,
  tokensOf,
} from './dialect.js';
import * as fields from './fields.js';

type Document = string | Record<string, unknown>;

interface RerankBody {
  model?: Optional<string>;
  query: string;
  documents: Document[];
  top_n?: Optional<number>;
  top_k?: Optional<number>;
  return_documents?: Optional<boolean>;
  rank_fields?: Optional<string[]>;
  max_tokens_per_doc?: Optional<number>;
  truncate_prompt_tokens?: Optional<number>;
  truncation?: Optional<boolean>;
  raw_scores?: Optional<boolean>;
  use_activation?: Optional<boolean>;
}

const results: Schema = {
  type: 'array',
  description: 'Best first, ties by index.',
  items: {
    type: 'object',
    properties: {
      index: fields.position,
      relevance_score: fields.score,
      document: { type: 'object', description: 'The document: an object as it was sent, a string as its `text`.' },
    },
    required: ['index', 'relevance_score'],
  },
};

const response: Schema = {
  type: 'object',
  properties: {
    id: fields.text,
    object: { const: 'list' },
    model: fields.text,
    results,
    usage: {
      type: 'object',
      description: 'Tokens that the model read: each document counts together with the query.',
      properties: {
        prompt_tokens: fields.wholeNumber,
        completion_tokens: { ...fields.wholeNumber, maximum: 0 },
        total_tokens: fields.wholeNumber,
      },
      required: ['prompt_tokens', 'completion_tokens', 'total_tokens'],
    },
    meta: {
      type: 'object',
      properties: {
        api_version: { type: 'object', properties: { version: fields.text }, required: ['version'] },
        tokens: {
          type: 'object',
          properties: { input_tokens: fields.wholeNumber, output_tokens: fields.wholeNumber },
          required: ['input_tokens', 'output_tokens'],
        },
        warnings: { type: 'array', items: fields.text },
      },
      required: ['api_version', 'tokens'],
    },
  },
  required: ['id', 'object', 'model', 'results', 'usage', 'meta'],
};

const voyageResponse: Schema = {
  allOf: [
    { $ref: '#/components/schemas/RerankResponse' },
    {
      type: 'object',
      properties: {
        data: {
          type: 'array',
          description: 'The same as `results`, in the form of Voyage.',
          items: {
            type: 'object',
            properties: { index: fields.position, relevance_score: fields.score, document: fields.text },
            required: ['index', 'relevance_score'],
          },
        },
      },
      required: ['data'],
    },
  ],
};

/** The dialects of a query with `documents`. */
export function rerankDialects(facts: SchemaFacts): { rerank: Dialect; byFields: Dialect; voyage: Dialect } {
  const list = (items: Schema): Schema => ({ type: 'array', maxItems: facts.documents, items });
  const shared = { model: fields.modelField(facts), query: fields.query };
  const extent = { top_k: fields.topK, return_documents: { ...fields.flag, default: false } };
  const properties = {
    ...shared,
    documents: list({ anyOf: [fields.text, fields.textObject] }),
    top_n: fields.topN,
    ...extent,
    rank_fields: { type: 'null' } as Schema,
    max_tokens_per_doc: {
      ...fields.count,
      description: "Longer documents are cut. The model's input is the upper limit.",
    },
    truncate_prompt_tokens: fields.promptTokens,
    truncation_side: fields.cutSide,
    truncation: fields.truncation,
    raw_scores: fields.rawScores,
    use_activation: fields.activation,
    ...fields.ignored('Rerank'),
  };
  const required = ['query', 'documents'];
  const example = { query: fields.exampleQuery, documents: fields.exampleTexts };
  return {
    rerank: {
      name: 'Rerank',
      request: {
        title: 'The dialect of Cohere, Jina, Together and vLLM',
        ...fields.only(properties, required),
        examples: [{ ...example, top_n: 1 }],
      },
      response,
      read: (body) => read(body as RerankBody),
      write,
    },
    byFields: {
      name: 'RerankByFields',
      request: {
        title: 'The dialect of Cohere and Together, with objects that are ranked by some of their fields',
        ...fields.only(
          {
            ...properties,
            documents: list({ anyOf: [fields.text, { type: 'object' }] }),
            rank_fields: { ...fields.texts, minItems: 1, description: 'Their strings are ranked, in this order.' },
          },
          [...required, 'rank_fields'],
        ),
      },
      response,
      read: (body) => read(body as RerankBody),
      write,
    },
    voyage: {
      name: 'Voyage',
      request: {
        title: 'The dialect of Voyage, as far as others have the same fields',
        ...fields.only({ ...shared, documents: list(fields.text), ...extent, truncation: fields.truncation }, required),
      },
      response: voyageResponse,
      read: (body) => read(body as RerankBody),
      write: (ranking) => ({ ...write(ranking), data: best(ranking, (text) => text) }),
    },
  };
}

function read(body: RerankBody): RankingRequest {
  const { query, documents, rank_fields: ranked } = body;
  const texts = documents.map((document, index) => textOf(document, ranked ?? ['text'], index));
  return rankingRequest(
    { query, texts },
    {
      model: body.model ?? undefined,
      topN: body.top_n ?? body.top_k ?? undefined,
      returned: body.return_documents ? documents : undefined,
      maxTokensPerDocument: body.max_tokens_per_doc ?? undefined,
      maxTokens: fields.limitOf(body.truncate_prompt_tokens),
      rawScores: body.raw_scores === true || body.use_activation === false,
      refusesLong: body.truncation === false,
      fields: { query: 'query', documents: 'documents' },
    },
  );
}

/** @throws `invalid_value` if an object has none of the fields */
function textOf(document: Document, ranked: readonly string[], index: number): string {
  if (typeof document === 'string') return document;
  const found = ranked.map((name) => (Object.hasOwn(document, name) ? document[name] : undefined));
  const texts = found.filter((value) => typeof value === 'string');
  if (texts.length === 0) throw wrong(`documents[${index}]`, 'must have a string in a field that `rank_fields` names');
  return texts.join('\n');
}

/** The best results, and with each its document if the client wants it. */
function best({ request, results }: Ranking, asDocument: (document: Document) => unknown) {
  return results.slice(0, request.topN).map((result) => ({
    index: result.index,
    relevance_score: scoreOf(request, result),
    ...(request.returned ? { document: asDocument(request.returned[result.index] as Document) } : {}),
  }));
}

function write(ranking: Ranking) {
  const { id, model, version, results } = ranking;
  const tokens = tokensOf(results);
  const cut = results.filter(({ truncated }) => truncated).length;
  return {
    id,
    object: 'list',
    model,
    results: best(ranking, (document) => (typeof document === 'string' ? { text: document } : document)),
    usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
    meta: {
      api_version: { version },
      tokens: { input_tokens: tokens, output_tokens: 0 },
      ...(cut > 0 ? { warnings: [`${cut} of ${results.length} documents were cut because they are too long.`] } : {}),
    },
  };
}
