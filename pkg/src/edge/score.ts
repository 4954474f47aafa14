import type { Reranker, RerankResult } from '../common/types.js';
import type { Loaded, Loading, Waiting } from './loading.js';
import { runWith } from './run.js';
import type { RankingPart, RankingRequest } from './wire/dialect.js';
import { abortedProblem, Problem } from './wire/problem.js';

type LoadedReranker = Loaded<Reranker>;

/**
 * Ranks all documents of a request, each part best first. It calls `authorize` once, right before the ranking starts.
 *
 * @throws `invalid_value`, `model_not_ready`, `request_aborted`; the errors of `authorize`, the load and the ranking
 */
export async function scoreRequest<Env>(
  loading: Loading<Env, Reranker>,
  request: RankingRequest,
  waiting: Waiting<Env>,
  authorize: () => Promise<void>,
): Promise<RerankResult[]> {
  if (request.parts.every(({ texts }) => texts.length === 0)) {
    if (waiting.signal.aborted) throw abortedProblem();
    await authorize();
    return [];
  }
  return runWith(loading, waiting, authorize, {
    run: (loaded, signal) => score(loaded, request, signal),
    unreadable: (loaded) => unreadable(request, loaded),
  });
}

async function score(loaded: LoadedReranker, request: RankingRequest, signal: AbortSignal): Promise<RerankResult[]> {
  const results: RerankResult[] = [];
  for (const part of request.parts) {
    const scored = await scorePart(loaded, request, part, signal);
    results.push(...scored.map((result) => ({ ...result, index: part.places?.[result.index] ?? result.index })));
  }
  const long = request.refusesLong ? results.find(({ truncated }) => truncated) : undefined;
  if (long) throw tooLong(request, long, loaded);
  return results;
}

async function scorePart(
  { model: reranker, maxTokens: longest }: LoadedReranker,
  { maxTokens = longest, maxTokensPerDocument }: RankingRequest,
  { query, texts }: RankingPart,
  signal: AbortSignal,
): Promise<RerankResult[]> {
  const most = Math.min(maxTokens, longest);
  if (maxTokensPerDocument === undefined || maxTokensPerDocument >= most) {
    return reranker.rerank(query, texts, most < longest ? { signal, maxTokens: most } : { signal });
  }
  // The tokens of a pair with an empty document are those that each pair has beside its document.
  const [empty] = await reranker.rerank(query, [''], { signal });
  const tokens = (empty?.tokens ?? 0) + maxTokensPerDocument;
  return reranker.rerank(query, texts, { signal, maxTokens: Math.min(tokens, most) });
}

function tooLong({ fields, maxTokens }: RankingRequest, { index }: RerankResult, loaded: LoadedReranker): Problem {
  const most = Math.min(maxTokens ?? loaded.maxTokens, loaded.maxTokens);
  const field = `${fields.documents}[${index}]`;
  const message = `\`${field}\` is too long; the limit is ${most} tokens with the query. Shorten it or let it be cut.`;
  return new Problem('invalid_value', message, { param: field });
}

function unreadable({ fields: { query }, maxTokens }: RankingRequest, loaded: LoadedReranker): Problem {
  const most = Math.min(maxTokens ?? loaded.maxTokens, loaded.maxTokens);
  const message = `\`${query}\` leaves no room for a document; shorten it. Together they may have ${most} tokens.`;
  return new Problem('invalid_value', message, { param: query });
}
