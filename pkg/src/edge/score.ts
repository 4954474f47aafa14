import { toRerankError } from '../common/errors.js';
import type { RerankResult } from '../common/types.js';
import { type Loaded, type Loading, retryAfter, type Waiting } from './loading.js';
import type { RankingPart, RankingRequest } from './wire/dialect.js';
import { abortedProblem, Problem } from './wire/problem.js';

/**
 * Ranks all documents of a request, each part best first. It calls `authorize` once, right before the ranking starts.
 *
 * @throws `invalid_value`, `model_not_ready`, `request_aborted`; the errors of `authorize`, the load and the ranking
 */
export async function scoreRequest<Env>(
  loading: Loading<Env>,
  request: RankingRequest,
  waiting: Waiting<Env>,
  authorize: () => Promise<void>,
): Promise<RerankResult[]> {
  const { signal } = waiting;
  const isEmpty = request.parts.every(({ texts }) => texts.length === 0);
  const loaded = isEmpty ? undefined : await load(loading, waiting);
  if (signal.aborted) throw abortedProblem();
  await authorize();
  if (!loaded) return [];
  try {
    return await tryToScore(loading, loaded, request, signal);
  } catch (error) {
    // A request beside this one crashed the instance and so disposed the reranker. This one tries the next.
    if (toRerankError(error).code !== 'disposed') throw error;
    return tryToScore(loading, await load(loading, waiting), request, signal);
  }
}

async function tryToScore<Env>(loading: Loading<Env>, loaded: Loaded, request: RankingRequest, signal: AbortSignal) {
  try {
    return await score(loaded, request, signal);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { code } = toRerankError(error);
    if (code === 'aborted') throw abortedProblem();
    if (code === 'invalid_input') throw unreadable(request, loaded);
    if (code === 'internal' || code === 'out_of_memory' || code === 'disposed') await loading.forget(loaded);
    throw error;
  }
}

async function load<Env>(loading: Loading<Env>, waiting: Waiting<Env>): Promise<Loaded> {
  try {
    return await loading.get(waiting);
  } catch (error) {
    if (error instanceof Problem || toRerankError(error).code !== 'download_failed') throw error;
    throw new Problem('model_not_ready', 'The model could not be loaded; try again.', { retryAfter, cause: error });
  }
}

async function score(loaded: Loaded, request: RankingRequest, signal: AbortSignal): Promise<RerankResult[]> {
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
  { reranker, maxTokens: longest }: Loaded,
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

function tooLong({ fields, maxTokens }: RankingRequest, { index }: RerankResult, loaded: Loaded): Problem {
  const most = Math.min(maxTokens ?? loaded.maxTokens, loaded.maxTokens);
  const field = `${fields.documents}[${index}]`;
  const message = `\`${field}\` is too long; the limit is ${most} tokens with the query. Shorten it or let it be cut.`;
  return new Problem('invalid_value', message, { param: field });
}

function unreadable({ fields: { query }, maxTokens }: RankingRequest, loaded: Loaded): Problem {
  const most = Math.min(maxTokens ?? loaded.maxTokens, loaded.maxTokens);
  const message = `\`${query}\` leaves no room for a document; shorten it. Together they may have ${most} tokens.`;
  return new Problem('invalid_value', message, { param: query });
}
