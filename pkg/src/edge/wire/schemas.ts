import type { Schema } from './check-schema.js';
import { problems } from './problem.js';

/** The facts in the schemas. */
export interface SchemaFacts {
  /** Most documents in one request. */
  documents: number;
  /** Names of the model. */
  models: readonly string[];
}

const text: Schema = { type: 'string' };
const count: Schema = { type: ['integer', 'null'], minimum: 1 };
const wholeNumber: Schema = { type: 'integer', minimum: 0 };
const textObject: Schema = { type: 'object', properties: { text }, required: ['text'] };
const query: Schema = { type: 'string', pattern: '\\S', description: 'Not blank. It is never cut.' };
const topN: Schema = { ...count, description: 'How many of the best results to return. Default: all.' };
const topK: Schema = { ...count, description: 'The same as top_n, which wins if both are present.' };

const exampleQuery = 'What is the capital of France?';
const exampleTexts = ['Berlin is the capital of Germany.', 'Paris is the capital of France.'];

/** The schemas of requests. Handlers check requests with them and show them in their OpenAPI document. */
export function requestSchemas({ documents, models }: SchemaFacts) {
  const model: Schema = {
    type: ['string', 'null'],
    description: 'A name that GET /v1/models lists.',
    examples: models,
  };
  const rerank: Schema = {
    type: 'object',
    title: "Cohere's and Jina's dialect",
    properties: {
      model,
      query,
      documents: { type: 'array', maxItems: documents, items: { anyOf: [text, textObject] } },
      top_n: topN,
      top_k: topK,
      return_documents: { type: ['boolean', 'null'], default: false },
      max_tokens_per_doc: { ...count, description: "Longer documents are cut. The model's input is the upper limit." },
    },
    required: ['query', 'documents'],
    examples: [{ query: exampleQuery, documents: exampleTexts, top_n: 1 }],
  };
  const workersAi: Schema = {
    type: 'object',
    title: "Workers AI's dialect",
    properties: {
      model,
      query,
      contexts: { type: 'array', maxItems: documents, items: textObject },
      top_k: topN,
    },
    required: ['query', 'contexts'],
    not: { type: 'object', required: ['documents'] },
    examples: [{ query: exampleQuery, contexts: exampleTexts.map((each) => ({ text: each })), top_k: 1 }],
  };
  return { rerank, workersAi };
}

const score: Schema = { type: 'number', minimum: 0, maximum: 1, description: "Sigmoid of the model's logit." };
const position: Schema = { ...wholeNumber, description: 'Position in the list of the request.' };
const codes = Object.keys(problems);
const types = [...new Set(Object.values(problems).map(([, type]) => type))];

/** The names of the schemas of answers. */
export type ResponseName = 'RerankResponse' | 'WorkersAiResponse' | 'ModelList' | 'Health' | 'Problem';

/** The schemas of answers. */
export const responseSchemas: Readonly<Record<ResponseName, Schema>> = {
  RerankResponse: {
    type: 'object',
    properties: {
      id: text,
      object: { const: 'list' },
      model: text,
      results: {
        type: 'array',
        description: 'Best first, ties by index.',
        items: {
          type: 'object',
          properties: { index: position, relevance_score: score, document: textObject },
          required: ['index', 'relevance_score'],
        },
      },
      usage: {
        type: 'object',
        description: 'Tokens that the model read: each document counts together with the query.',
        properties: { prompt_tokens: wholeNumber, total_tokens: wholeNumber },
        required: ['prompt_tokens', 'total_tokens'],
      },
      meta: {
        type: 'object',
        properties: {
          api_version: { type: 'object', properties: { version: text }, required: ['version'] },
          tokens: {
            type: 'object',
            properties: { input_tokens: wholeNumber, output_tokens: wholeNumber },
            required: ['input_tokens', 'output_tokens'],
          },
          warnings: { type: 'array', items: text },
        },
        required: ['api_version', 'tokens'],
      },
    },
    required: ['id', 'object', 'model', 'results', 'usage', 'meta'],
  },
  WorkersAiResponse: {
    type: 'object',
    properties: {
      response: {
        type: 'array',
        items: { type: 'object', properties: { id: position, score }, required: ['id', 'score'] },
      },
    },
    required: ['response'],
  },
  ModelList: {
    type: 'object',
    properties: {
      object: { const: 'list' },
      data: {
        type: 'array',
        items: {
          type: 'object',
          properties: { id: text, object: { const: 'model' }, created: wholeNumber, owned_by: text },
          required: ['id', 'object', 'created', 'owned_by'],
        },
      },
    },
    required: ['object', 'data'],
  },
  Health: {
    type: 'object',
    properties: { status: { const: 'ok' }, model: { enum: ['not loaded', 'loading', 'ready'] } },
    required: ['status', 'model'],
  },
  Problem: {
    type: 'object',
    properties: {
      id: { ...text, description: 'Also in the header x-request-id.' },
      message: text,
      error: {
        type: 'object',
        properties: {
          type: { enum: types },
          code: { enum: codes },
          message: text,
          param: { type: ['string', 'null'], description: 'The wrong field.' },
        },
        required: ['type', 'code', 'message', 'param'],
      },
    },
    required: ['id', 'message', 'error'],
  },
};
