import type { Schema } from './check-schema.js';
import { text, wholeNumber } from './fields.js';
import { problems } from './problem.js';

const codes = Object.keys(problems);
const types = [...new Set(Object.values(problems).map(([, type]) => type))];

/** The names of the schemas of answers that belong to no dialect. */
export type ResponseName = 'ModelList' | 'Health' | 'Problem';

/** The schemas of answers that belong to no dialect. */
export const responseSchemas: Readonly<Record<ResponseName, Schema>> = {
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
    properties: {
      status: { const: 'ok' },
      model: { enum: ['not loaded', 'loading', 'ready'] },
      models: { type: 'object', description: 'The state of each model by its name, if there are several.' },
    },
    required: ['status', 'model'],
  },
  Problem: {
    type: 'object',
    properties: {
      id: { ...text, description: 'Also in the header x-request-id.' },
      message: text,
      detail: { ...text, description: 'The message, for clients of Voyage.' },
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
      error_type: { ...text, description: 'For clients of text-embeddings-inference.' },
    },
    required: ['id', 'message', 'detail', 'error', 'error_type'],
  },
};
