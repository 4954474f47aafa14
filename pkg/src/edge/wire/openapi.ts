import { bytesPerToken } from '../tokens.js';
import type { HandlerLimits } from '../types.js';
import type { Dialects } from './dialects.js';
import type { EmbeddingsDialect } from './embeddings.js';
import { documentPaths, embeddingsPath, rerankPaths, scorePaths } from './endpoints.js';
import { type ProblemCode, problems } from './problem.js';
import { type ResponseName, responseSchemas } from './schemas.js';

/** The facts in the document. */
export interface OpenApiFacts {
  models: { rerankers: readonly string[]; embedders: readonly string[] };
  limits: Required<HandlerLimits>;
  dialects: Dialects;
  /** The form of requests for embeddings. */
  dialect: EmbeddingsDialect;
  basePath: string;
  /** The deployer's hooks that exist, each of which can refuse a request. */
  hooks: { authenticate: boolean; rateLimit: boolean; authorize: boolean };
}

const headers = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };

/** Describes the handler as an OpenAPI 3.1 document, from the objects that the handler uses. */
export function openApi({ models, limits, dialects, dialect, basePath, hooks }: OpenApiFacts): object {
  const { rerankers, embedders } = models;
  const security = hooks.authenticate ? [{ bearer: [] }] : [];
  const refusedCallers: ProblemCode[] = hooks.authenticate ? ['invalid_api_key'] : [];
  const codes: ProblemCode[] = [
    'invalid_json',
    'invalid_value',
    'unknown_field',
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
  const post = (path: string, summary: string, unit: string, schemas: readonly string[]) => {
    const anyOf = (kind: 'Request' | 'Response') => ({
      'application/json': { schema: { anyOf: schemas.map((name) => reference(`${name}${kind}`)) } },
    });
    return {
      operationId: path.slice(1).replace('/', '_'),
      summary,
      description:
        `Takes at most ${limits.documents} ${unit}, ${limits.bodyBytes} bytes and ${limits.tokens} tokens; ` +
        `${bytesPerToken} bytes of UTF-8 count as a token. A body must arrive within ${limits.bodySeconds} seconds. All ` +
        `waiting requests together may have ${limits.queueTokens} tokens and ${limits.queueBytes} bytes, else the answer ` +
        'is queue_full. The fields of a body choose its dialect; unknown ones are refused.',
      security,
      requestBody: { required: true, content: anyOf('Request') },
      responses: { 200: answer('The answer, in the dialect of the request.', anyOf('Response')), ...refusals(codes) },
    };
  };
  const schemasAt = (path: string) => dialects.at(path).map(({ name }) => name);
  const posts = (paths: readonly string[], summary: string) =>
    Object.fromEntries(paths.map((path) => [path, { post: post(path, summary, 'documents', schemasAt(path)) }]));
  const ranks = {
    ...posts(Object.keys(rerankPaths), 'Ranks documents by how well they answer the query'),
    ...posts(scorePaths, 'Scores pairs of query and document, in their order'),
  };
  const embeds = {
    [embeddingsPath]: { post: post(embeddingsPath, 'Turns texts into vectors', 'texts', ['Embeddings']) },
  };
  const dialectSchemas = [
    ...(rerankers.length > 0 ? dialects.all : []),
    ...(embedders.length > 0 ? [{ name: 'Embeddings', ...dialect }] : []),
  ];
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
    servers: [{ url: basePath === '' ? '/' : basePath }],
    info: {
      title: 'rerank-wasm',
      version: '1.0.0',
      description: describe(models),
    },
    paths: {
      ...(rerankers.length > 0 && ranks),
      ...(embedders.length > 0 && embeds),
      ...reads,
    },
    components: {
      headers: { RequestId: { description: "The client's id, or a new one.", schema: { type: 'string' } } },
      ...(hooks.authenticate ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
      schemas: {
        ...Object.fromEntries(
          dialectSchemas.flatMap(({ name, request, response }) => [
            [`${name}Request`, request],
            [`${name}Response`, response],
          ]),
        ),
        ...responseSchemas,
      },
    },
  };
}

function describe({ rerankers, embedders }: OpenApiFacts['models']): string {
  return [
    ...(rerankers.length > 0 ? [`Cross-encoder reranking. Models: ${rerankers.join(', ')}.`] : []),
    ...(embedders.length > 0 ? [`Embeddings. Models: ${embedders.join(', ')}.`] : []),
  ].join(' ');
}

function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

function ofJson(name: ResponseName) {
  return { 'application/json': { schema: reference(name) } };
}

function answer(description: string, content: object) {
  return { description, headers, content };
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
