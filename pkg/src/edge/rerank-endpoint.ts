import type { Reranker } from '../common/types.js';
import { checkCost, type EndpointParts, endpoint } from './endpoint.js';
import type { Models } from './models.js';
import { scoreRequest } from './score.js';
import { estimateTokens, usualMaxTokens } from './tokens.js';
import type { Dialects } from './wire/dialects.js';
import { embeddingsPath, rerankPaths } from './wire/endpoints.js';

/** The parts of a handler that a ranking goes through. */
export interface RerankParts<Env, Caller> extends EndpointParts<Env, Caller> {
  rerankers: Models<Env, Reranker>;
  /** The names of the embedding models. */
  embedders: readonly string[];
  dialects: Dialects;
}

/** Answers POST requests for a ranking or for scores, at a path below `basePath`. */
export function rerankEndpoint<Env, Caller>(parts: RerankParts<Env, Caller>) {
  const { options, hooks, tokens, rerankers, embedders, dialects } = parts;
  const { limits, basePath } = options;
  const elsewhere = (name: string) =>
    embedders.includes(name) ? `an embedding model; use POST ${basePath}${embeddingsPath}` : undefined;
  return endpoint(parts, async (body, call, { ctx }, path) => {
    const { request, env, id } = call;
    const { dialect, request: ranking } = dialects.read(path, body);
    const { name: model, loading } = rerankers.find(ranking.model, basePath, elsewhere);
    const cost = estimateTokens(ranking, loading.maxTokens ?? usualMaxTokens);
    checkCost(cost, limits.tokens, ranking.fields.documents);
    const documents = ranking.parts.reduce((sum, { texts }) => sum + texts.length, 0);
    const results = await tokens.hold((takeTokens) => {
      takeTokens(cost);
      const authorize = () => hooks.authorize(call, { model, documents, tokens: cost });
      return scoreRequest(loading, ranking, { env, ctx, signal: request.signal }, authorize);
    });
    const version = rerankPaths[path] ?? '1';
    return Response.json(dialect.write({ id, model, version, request: ranking, results }));
  });
}
