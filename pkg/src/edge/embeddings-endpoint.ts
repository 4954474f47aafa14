import type { Embedder } from '../common/embedding.js';
import { sentence } from '../common/errors.js';
import { checkCost, type EndpointParts, endpoint } from './endpoint.js';
import type { Models } from './models.js';
import { runWith } from './run.js';
import { estimateText, usualMaxTokens } from './tokens.js';
import type { EmbeddingsDialect } from './wire/embeddings.js';
import { Problem } from './wire/problem.js';

/** The parts of a handler that a request for embeddings goes through. */
export interface EmbeddingsParts<Env, Caller> extends EndpointParts<Env, Caller> {
  embedders: Models<Env, Embedder>;
  /** The names of the rerankers. */
  rerankers: readonly string[];
  dialect: EmbeddingsDialect;
}

/** Answers POST requests for embeddings. */
export function embeddingsEndpoint<Env, Caller>(parts: EmbeddingsParts<Env, Caller>) {
  const { options, hooks, tokens, rerankers, embedders, dialect } = parts;
  const { limits, basePath } = options;
  const elsewhere = (name: string) =>
    rerankers.includes(name) ? `a reranker; use POST ${basePath}/v1/rerank` : undefined;
  return endpoint(parts, async (body, call, { ctx }) => {
    const { request, env } = call;
    const wanted = dialect.read(body);
    const { name: model, loading } = embedders.find(wanted.model, basePath, elsewhere);
    const longest = loading.maxTokens ?? usualMaxTokens;
    const cost = wanted.texts.reduce((sum, text) => sum + Math.min(longest, estimateText(text)), 0);
    checkCost(cost, limits.tokens, 'input');
    const embeddings = await tokens.hold((takeTokens) => {
      takeTokens(cost);
      const authorize = () => hooks.authorize(call, { model, documents: wanted.texts.length, tokens: cost });
      return runWith(loading, { env, ctx, signal: request.signal }, authorize, {
        async run({ model: embedder, maxTokens }, signal) {
          const made = await embedder.embed(wanted.texts, { ...wanted.options, signal });
          const long = wanted.refusesLong ? made.truncated.indexOf(true) : -1;
          if (long < 0) return made;
          const field = wanted.texts.length === 1 ? 'input' : `input[${long}]`;
          const message = `\`${field}\` is too long; the limit is ${maxTokens} tokens. Shorten it or let it be cut.`;
          throw new Problem('invalid_value', message, { param: field });
        },
        unreadable: (_, { message }) => new Problem('invalid_value', sentence(message), { param: fieldOf(message) }),
      });
    });
    return Response.json(dialect.write(model, wanted, embeddings));
  });
}

/** The field of a body that an embedder refuses. Its messages quote no text. */
function fieldOf(message: string): string {
  return message.startsWith('`dimensions`') ? 'dimensions' : 'input';
}
