import { bytesPerToken } from '../tokens.js';
import type { HandlerLimits } from '../types.js';
import type { Dialects } from './dialects.js';
import { documentPaths, rerankPaths, scorePaths } from './endpoints.js';
import { type ProblemCode, problems } from './problem.js';
import { type ResponseName, responseSchemas } from './schemas.js';

/** The facts in the document. */
export interface OpenApiFacts {
  models: readonly string[];
  limits: Required<HandlerLimits>;
  dialects: Dialects;
  basePath: string;
  /** The deployer's hooks that exist, each of which can refuse a request. */
  hooks: { authenticate: boolean; rateLimit: boolean; authorize: boolean };
}

const headers = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };

/** Describes the handler as an OpenAPI 3.1 document, from the objects that the handler uses. */
export function openApi({ models, limits, dialects, basePath, hooks }: OpenApiFacts): object {
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
  const ranking = (path: string, summary: string) => {
    const anyOf = (kind: 'Request' | 'Response') => ({
      'application/json': { schema: { anyOf: dialects.at(path).map(({ name }) => reference(`${name}${kind}`)) } },
    });
    return {
      operationId: path.slice(1).replace('/', '_'),
      summary,
      description:
        `Takes at most ${limits.documents} documents, ${limits.bodyBytes} bytes and ${limits.tokens} tokens; ` +
        `${bytesPerToken} bytes of UTF-8 count as a token. A body must arrive within ${limits.bodySeconds} seconds. All ` +
        `waiting requests together may have ${limits.queueTokens} tokens and ${limits.queueBytes} bytes, else the answer ` +
        'is queue_full. The fields of a body choose its dialect; unknown ones are refused.',
      security,
      requestBody: { required: true, content: anyOf('Request') },
      responses: { 200: answer('The answer, in the dialect of the request.', anyOf('Response')), ...refusals(codes) },
    };
  };
  const posts = (paths: readonly string[], summary: string) =>
    Object.fromEntries(paths.map((path) => [path, { post: ranking(path, summary) }]));
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
      description: `Cross-encoder reranking. Models: ${models.join(', ')}.`,
    },
    paths: {
      ...posts(Object.keys(rerankPaths), 'Ranks documents by how well they answer the query'),
      ...posts(scorePaths, 'Scores pairs of query and document, in their order'),
      ...reads,
    },
    components: {
      headers: { RequestId: { description: "The client's id, or a new one.", schema: { type: 'string' } } },
      ...(hooks.authenticate ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
      schemas: {
        ...Object.fromEntries(
          dialects.all.flatMap(({ name, request, response }) => [
            [`${name}Request`, request],
            [`${name}Response`, response],
          ]),
        ),
        ...responseSchemas,
      },
    },
  };
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
