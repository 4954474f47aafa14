import type { Schema } from './check-schema.js';
import {
  type Dialect,
  inOrder,
  type Optional,
  type Ranking,
  type RankingRequest,
  rankingRequest,
  type SchemaFacts,
  scoreOf,
} from './dialect.js';
import * as fields from './fields.js';
import { partsOf } from './pairs.js';

interface Parameters {
  raw_scores?: Optional<boolean>;
  return_text?: Optional<boolean>;
  return_documents?: Optional<boolean>;
  truncate?: Optional<boolean>;
}

interface Texts {
  query: string;
  texts: string[];
}

interface TextRankingBody {
  model?: Optional<string>;
  inputs: Texts | [query: string, text: string][];
  parameters?: Optional<Parameters>;
}

const parameters: Readonly<Record<string, Schema>> = {
  raw_scores: fields.rawScores,
  return_text: fields.flag,
  return_documents: { ...fields.flag, description: 'The same as return_text.' },
  truncate: fields.truncation,
  truncation_direction: {
    type: 'string',
    enum: ['right', 'Right'],
    description: 'Documents are cut at their end.',
  },
};

const ranks: Schema = {
  type: 'array',
  description: 'Best first, ties by index.',
  items: {
    type: 'object',
    properties: { index: fields.position, score: fields.score, text: fields.text },
    required: ['index', 'score'],
  },
};

const scores: Schema = {
  type: 'object',
  properties: { scores: { type: 'array', items: fields.score, description: 'In the order of the pairs.' } },
  required: ['scores'],
};

/** The dialects of Hugging Face's servers: text-embeddings-inference, and the task text-ranking. */
export function huggingFaceDialects(facts: SchemaFacts): { tei: Dialect; ranking: Dialect; pairs: Dialect } {
  const model = fields.modelField(facts);
  const pair: Schema = { type: 'array', prefixItems: [fields.query, fields.text], minItems: 2, maxItems: 2 };
  const texts = {
    query: fields.query,
    texts: { ...fields.texts, maxItems: facts.documents },
  };
  const around = {
    model,
    parameters: { anyOf: [fields.only(parameters, []), { type: 'null' }] } as Schema,
    ...fields.ignored('TextRanking'),
  };
  const example = { query: fields.exampleQuery, texts: fields.exampleTexts };
  return {
    tei: {
      name: 'Tei',
      request: {
        title: 'The dialect of text-embeddings-inference',
        ...fields.only({ model, ...texts, ...parameters }, ['query', 'texts']),
        examples: [example],
      },
      response: ranks,
      read(body) {
        const { model, ...others } = body as Texts & Parameters & { model?: Optional<string> };
        return read(others, others, model, '');
      },
      write,
    },
    ranking: {
      name: 'TextRanking',
      request: {
        title: "Hugging Face's task text-ranking",
        ...fields.only({ inputs: fields.only(texts, ['query', 'texts']), ...around }, ['inputs']),
        examples: [{ inputs: example }],
      },
      response: ranks,
      read(body) {
        const { model, inputs, parameters } = body as TextRankingBody;
        return read(inputs as Texts, parameters ?? {}, model, 'inputs.');
      },
      write,
    },
    pairs: {
      name: 'TextPairs',
      request: {
        title: "Hugging Face's task text-ranking, with pairs",
        ...fields.only({ inputs: { type: 'array', maxItems: facts.documents, items: pair }, ...around }, ['inputs']),
        examples: [{ inputs: fields.exampleTexts.map((each) => [fields.exampleQuery, each]) }],
      },
      response: scores,
      read(body) {
        const { model, inputs, parameters } = body as TextRankingBody;
        return {
          ...read({ query: '', texts: [] }, parameters ?? {}, model, ''),
          parts: partsOf(inputs as [query: string, text: string][]),
          fields: { query: 'inputs', documents: 'inputs' },
        };
      },
      write: ({ request, results }) => ({
        scores: inOrder(results).map((result) => scoreOf(request, result)),
      }),
    },
  };
}

function read(part: Texts, wanted: Parameters, model: Optional<string>, prefix: string): RankingRequest {
  const { query, texts } = part;
  return rankingRequest(
    { query, texts },
    {
      model: model ?? undefined,
      returned: wanted.return_text || wanted.return_documents ? texts : undefined,
      rawScores: wanted.raw_scores ?? false,
      refusesLong: wanted.truncate === false,
      fields: { query: `${prefix}query`, documents: `${prefix}texts` },
    },
  );
}

function write({ request, results }: Ranking) {
  return results.map((result) => ({
    index: result.index,
    score: scoreOf(request, result),
    ...(request.returned ? { text: request.returned[result.index] } : {}),
  }));
}
