/** The paths of the ranking, with the version in their answers. */
export const rerankPaths: Readonly<Record<string, string>> = { '/v1/rerank': '1', '/v2/rerank': '2', '/rerank': '2' };

/** The paths of scores without a ranking. */
export const scorePaths: readonly string[] = ['/v1/score', '/score'];

/** The path of embeddings. */
export const embeddingsPath = '/v1/embeddings';

/** The paths that clients read. */
export const documentPaths = {
  models: '/v1/models',
  openapi: '/openapi.json',
  health: '/healthz',
  llms: '/llms.txt',
} as const;

/** Paths of other services that clients may try here. */
export const otherServices: readonly string[] = [
  '/embeddings',
  '/v1/embed',
  '/v2/embed',
  '/embed',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
];
