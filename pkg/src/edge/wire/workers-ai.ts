import { type Dialect, type Optional, rankingRequest, type SchemaFacts, scoreOf } from './dialect.js';
import * as fields from './fields.js';

interface WorkersAiBody {
  model?: Optional<string>;
  query: string;
  contexts: { text: string }[];
  top_k?: Optional<number>;
  raw_scores?: Optional<boolean>;
}

/** The dialect of Cloudflare's Workers AI. */
export function workersAiDialect(facts: SchemaFacts): Dialect {
  const properties = {
    model: fields.modelField(facts),
    query: fields.query,
    contexts: { type: 'array', maxItems: facts.documents, items: fields.textObject },
    top_k: fields.topN,
    raw_scores: fields.rawScores,
  } as const;
  return {
    name: 'WorkersAi',
    request: {
      title: "Workers AI's dialect",
      ...fields.only(properties, ['query', 'contexts']),
      examples: [
        { query: fields.exampleQuery, contexts: fields.exampleTexts.map((each) => ({ text: each })), top_k: 1 },
      ],
    },
    response: {
      type: 'object',
      properties: {
        response: {
          type: 'array',
          items: {
            type: 'object',
            properties: { id: fields.position, score: fields.score },
            required: ['id', 'score'],
          },
        },
      },
      required: ['response'],
    },
    read(body) {
      const { model, query, contexts, top_k, raw_scores } = body as WorkersAiBody;
      return rankingRequest(
        { query, texts: contexts.map(({ text }) => text) },
        {
          model: model ?? undefined,
          topN: top_k ?? undefined,
          rawScores: raw_scores ?? false,
          fields: { query: 'query', documents: 'contexts' },
        },
      );
    },
    write: ({ request, results }) => ({
      response: results.slice(0, request.topN).map((result) => ({ id: result.index, score: scoreOf(request, result) })),
    }),
  };
}
