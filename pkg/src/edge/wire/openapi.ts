import { bytesPerToken } from '../tokens.js';
import type { HandlerLimits } from '../types.js';
import type { Schema } from './check-schema.js';
import { documentPaths, rerankPaths } from './endpoints.js';
import { type ProblemCode, problems } from './problem.js';
import { type ResponseName, responseSchemas } from './schemas.js';

/** The facts in the document. */
export interface OpenApiFacts {
  models: readonly string[];
  limits: Required<HandlerLimits>;
  schemas: { rerank: Schema; workersAi: Schema };
  /** The deployer's hooks that exist, each of which can refuse a request. */
  hooks: { authenticate: boolean; rateLimit: boolean; authorize: boolean };
}

const headers = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };

/** Describes the handler as an OpenAPI 3.1 document, from the objects that the handler uses. */
export function openApi({ models, limits, schemas, hooks }: OpenApiFacts): object {
  const security = hooks.authenticate ? [{ bearer: [] }] : [];
  const refusedCallers: ProblemCode[] = hooks.authenticate ? ['invalid_api_key'] : [];
  const rerankCodes: ProblemCode[] = [
    'invalid_json',
    'invalid_value',
    'too_many_documents',
    'too_many_tokens',
    ...refusedCallers,
    ...(hooks.authorize ? ['insufficient_credits' as const] : []),
    'model_not_found',
    'body_too_large',
    'unsupported_media_type',
    ...(hooks.rateLimit ? ['rate_limit_exceeded' as const] : []),
    'internal_error',
    'model_not_ready',
    'queue_full',
  ];
  const rerank = {
    summary: 'Ranks documents by how well they answer the query',
    description:
      `Takes at most ${limits.documents} documents, ${limits.bodyBytes} bytes and ${limits.tokens} tokens; ` +
      `${bytesPerToken} bytes of UTF-8 count as a token. A body must arrive within ${limits.bodySeconds} seconds. All waiting ` +
      `requests together may have ${limits.queueTokens} tokens and ${limits.queueBytes} bytes, else the answer is queue_full. ` +
      'Unknown fields are ignored.',
    security,
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { anyOf: [reference('RerankRequest'), reference('WorkersAiRequest')] } },
      },
    },
    responses: {
      200: answer('The ranking, in the dialect of the request.', {
        'application/json': { schema: { anyOf: [reference('RerankResponse'), reference('WorkersAiResponse')] } },
      }),
      ...refusals(rerankCodes),
    },
  };
  const reads = {
    [documentPaths.models]: read('listModels', 'The models by name', ofJson('ModelList'), refusedCallers, security),
    [documentPaths.health]: read('health', 'The state of the handler; loads nothing', ofJson('Health')),
    [documentPaths.openapi]: read('openApi', 'This document', { 'application/json': { schema: { type: 'object' } } }),
    [documentPaths.llms]: read('llms', 'A description for language models', {
      'text/plain': { schema: { type: 'string' } },
    }),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'rerank-wasm',
      version: '1.0.0',
      description: `Cross-encoder reranking. Models: ${models.join(', ')}.`,
    },
    paths: {
      ...Object.fromEntries(Object.keys(rerankPaths).map((path) => [path, { post: named(rerank, path) }])),
      ...reads,
    },
    components: {
      headers: { RequestId: { description: "The client's id, or a new one.", schema: { type: 'string' } } },
      ...(hooks.authenticate ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
      schemas: { RerankRequest: schemas.rerank, WorkersAiRequest: schemas.workersAi, ...responseSchemas },
    },
  };
}

function reference(name: ResponseName | 'RerankRequest' | 'WorkersAiRequest') {
  return { $ref: `#/components/schemas/${name}` };
}

function ofJson(name: ResponseName) {
  return { 'application/json': { schema: reference(name) } };
}

function answer(description: string, content: object) {
  return { description, headers, content };
}

function named(operation: object, path: string) {
  return { operationId: path.slice(1).replace('/', '_'), ...operation };
}

function read(
  operationId: string,
  summary: string,
  content: object,
  codes: ProblemCode[] = [],
  security: object[] = [],
) {
  const responses = { 200: answer(summary, content), ...refusals([...codes, 'internal_error']) };
  return { get: { operationId, summary, security, responses } };
}

/** The refusals by their status. */
function refusals(codes: readonly ProblemCode[]) {
  const statuses = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const [status] = problems[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  const responses = [...statuses].map(([status, each]) => {
    const retry = status === 429 || status === 503 ? { 'retry-after': { schema: { type: 'integer' } } } : {};
    return [status, { ...answer(each.join(', '), ofJson('Problem')), headers: { ...headers, ...retry } }];
  });
  return Object.fromEntries(responses);
}
