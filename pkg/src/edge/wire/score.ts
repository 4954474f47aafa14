import { type Schema, wrong } from './check-schema.js';
import {
  type Dialect,
  inOrder,
  type Optional,
  rankingRequest,
  type SchemaFacts,
  scoreOf,
  tokensOf,
} from './dialect.js';
import * as fields from './fields.js';
import { partsOf } from './pairs.js';

type Texts = string | string[];

interface ScoreBody extends Record<string, unknown> {
  model?: Optional<string>;
  truncate_prompt_tokens?: Optional<number>;
  use_activation?: Optional<boolean>;
  raw_scores?: Optional<boolean>;
}

const response: Schema = {
  type: 'object',
  properties: {
    id: fields.text,
    object: { const: 'list' },
    created: { ...fields.wholeNumber, description: 'Seconds since 1970.' },
    model: fields.text,
    data: {
      type: 'array',
      description: 'In the order of the request.',
      items: {
        type: 'object',
        properties: { index: fields.position, object: { const: 'score' }, score: fields.score },
        required: ['index', 'object', 'score'],
      },
    },
    usage: {
      type: 'object',
      properties: { prompt_tokens: fields.wholeNumber, total_tokens: fields.wholeNumber },
      required: ['prompt_tokens', 'total_tokens'],
    },
  },
  required: ['id', 'object', 'created', 'model', 'data', 'usage'],
};

/** The dialects of vLLM's scores without a ranking, under the older and the newer names of their lists. */
export function scoreDialects(facts: SchemaFacts): { texts: Dialect; queries: Dialect } {
  return {
    texts: scoreDialect('Score', 'text_1', 'text_2', facts),
    queries: scoreDialect('ScoreQueries', 'queries', 'documents', facts),
  };
}

function scoreDialect(name: string, left: string, right: string, facts: SchemaFacts): Dialect {
  const several = { type: 'array', minItems: 1, maxItems: facts.documents } as const;
  const properties: Record<string, Schema> = {
    model: fields.modelField(facts),
    [left]: { anyOf: [fields.query, { ...several, items: fields.query }] },
    [right]: { anyOf: [fields.text, { ...several, items: fields.text }] },
    truncate_prompt_tokens: fields.promptTokens,
    truncation_side: fields.cutSide,
    use_activation: fields.activation,
    raw_scores: fields.rawScores,
    ...fields.ignored('Score'),
  };
  return {
    name,
    request: {
      title: `vLLM's scores: one query for all documents, or as many queries as documents`,
      ...fields.only(properties, [left, right]),
      examples: [{ [left]: fields.exampleQuery, [right]: fields.exampleTexts }],
    },
    response,
    read(body) {
      const given = body as ScoreBody;
      const queries = listOf(given[left] as Texts);
      const texts = listOf(given[right] as Texts);
      if (queries.length !== 1 && queries.length !== texts.length) {
        throw wrong(left, `must have one entry or as many as \`${right}\`, ${texts.length}; it has ${queries.length}`);
      }
      const pairs = texts.map((text, index) => [queries[index] ?? queries[0] ?? '', text] as const);
      return rankingRequest(
        { query: '', texts: [] },
        {
          parts: partsOf(pairs),
          model: given.model ?? undefined,
          maxTokens: fields.limitOf(given.truncate_prompt_tokens),
          rawScores: given.raw_scores === true || given.use_activation === false,
          fields: { query: left, documents: right },
        },
      );
    },
    write({ id, model, request, results }) {
      const tokens = tokensOf(results);
      return {
        id,
        object: 'list',
        created: Math.floor(Date.now() / 1000),
        model,
        data: inOrder(results).map((result) => ({
          index: result.index,
          object: 'score',
          score: scoreOf(request, result),
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    },
  };
}

function listOf(texts: Texts): string[] {
  return typeof texts === 'string' ? [texts] : texts;
}
