import type { Schema } from './check-schema.js';
import type { Optional, SchemaFacts } from './dialect.js';

export const text: Schema = { type: 'string' };
export const texts: Schema = { type: 'array', items: text };
export const flag: Schema = { type: ['boolean', 'null'] };
export const count: Schema = { type: ['integer', 'null'], minimum: 1 };
export const wholeNumber: Schema = { type: 'integer', minimum: 0 };
export const textObject: Schema = { type: 'object', properties: { text }, required: ['text'] };
export const query: Schema = { type: 'string', pattern: '\\S', description: 'Not blank. It is never cut.' };
export const topN: Schema = { ...count, description: 'How many of the best results to return. Default: all.' };
export const topK: Schema = { ...count, description: 'The same as top_n, which wins if both are present.' };
export const rawScores: Schema = { ...flag, description: 'True for logits instead of scores between 0 and 1.' };
export const truncation: Schema = {
  ...flag,
  description: 'False refuses a document that is too long. Default: it is cut.',
};
export const activation: Schema = { ...flag, description: 'False for logits instead of scores between 0 and 1.' };
export const promptTokens: Schema = {
  type: ['integer', 'null'],
  minimum: -1,
  description: 'Most tokens of query and document together. Below 1: as many as the model takes.',
};
export const cutSide: Schema = {
  anyOf: [{ type: 'string', enum: ['right'] }, { type: 'null' }],
  description: 'Documents are cut at their end.',
};
export const score: Schema = {
  type: 'number',
  description: "Sigmoid of the model's logit, between 0 and 1; the logit itself if the request wants raw scores.",
};
export const position: Schema = { ...wholeNumber, description: 'Position in the list of the request.' };

export const exampleQuery = 'What is the capital of France?';
export const exampleTexts = ['Berlin is the capital of Germany.', 'Paris is the capital of France.'];

export function modelField({ models, basePath }: SchemaFacts): Schema {
  return {
    type: ['string', 'null'],
    description: `A name that GET ${basePath}/v1/models lists.`,
    examples: models,
  };
}

/** An object with these fields and no others. */
export function only(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema & { properties: Readonly<Record<string, Schema>> } {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The limit that {@link promptTokens} sets. */
export function limitOf(promptTokens: Optional<number>): number | undefined {
  return promptTokens && promptTokens > 0 ? promptTokens : undefined;
}

/** Why a field of a service that this handler follows changes nothing here. */
const reasons = {
  cache_salt: 'no score is kept',
  max_chunks_per_doc: 'a document is cut, not chunked',
  options: 'they choose how a hosted model is started',
  overlap_tokens: 'a document is cut, not chunked',
  padding: 'scores do not depend on padding',
  priority: 'requests run in the order in which they came',
  request_id: 'the header x-request-id is the id',
  user: 'the hook authenticate names the caller',
} as const;

/** The fields of each request that are accepted without effect; `docs/http-endpoint.md` has the same table. */
export const withoutEffect = {
  Rerank: ['user', 'priority', 'request_id', 'cache_salt', 'padding', 'max_chunks_per_doc', 'overlap_tokens'],
  Score: ['user', 'priority', 'request_id', 'cache_salt', 'padding'],
  TextRanking: ['options'],
  Embeddings: ['user', 'priority', 'request_id', 'cache_salt', 'padding'],
} as const satisfies Record<string, readonly (keyof typeof reasons)[]>;

/** The schemas of the fields that a request may have without effect. */
export function ignored(dialect: keyof typeof withoutEffect): Record<string, Schema> {
  const names: readonly (keyof typeof reasons)[] = withoutEffect[dialect];
  return Object.fromEntries(names.map((name) => [name, { description: `Has no effect: ${reasons[name]}.` }]));
}
