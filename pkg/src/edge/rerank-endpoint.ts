import { readJson } from './body.js';
import type { Hooks, Incoming } from './hooks.js';
import type { Loading } from './loading.js';
import type { CheckedOptions } from './options.js';
import { Queue, type Take } from './queue.js';
import { scoreRequest } from './score.js';
import { estimateTokens, usualMaxTokens } from './tokens.js';
import type { HookCall } from './types.js';
import type { RankingRequest } from './wire/dialect.js';
import type { Dialects } from './wire/dialects.js';
import { documentPaths, rerankPaths } from './wire/endpoints.js';
import { Problem } from './wire/problem.js';

/** The parts of a handler that a ranking goes through. */
export interface RerankParts<Env, Caller> {
  options: CheckedOptions<Env, Caller>;
  hooks: Hooks<Env, Caller>;
  loading: Loading<Env>;
  dialects: Dialects;
}

/** Answers POST requests for a ranking or for scores, at a path below `basePath`. */
export function rerankEndpoint<Env, Caller>({ options, hooks, loading, dialects }: RerankParts<Env, Caller>) {
  const { limits, models, basePath } = options;
  const [model] = models;
  const bytes = new Queue(limits.queueBytes);
  const tokens = new Queue(limits.queueTokens);

  function checkModel({ model: wanted }: RankingRequest): void {
    if (wanted === undefined || models.includes(wanted)) return;
    const where = `GET ${basePath}${documentPaths.models}`;
    throw new Problem('model_not_found', `\`model\` is not a model of this server; ${where} lists them.`, {
      param: 'model',
    });
  }

  function costOf(request: RankingRequest): number {
    const cost = estimateTokens(request, loading.maxTokens ?? usualMaxTokens);
    if (cost <= limits.tokens) return cost;
    const message = `The texts have about ${cost} tokens; the limit is ${limits.tokens}. Send fewer or shorter documents.`;
    throw new Problem('too_many_tokens', message, { param: request.fields.documents });
  }

  async function answer(call: HookCall<Env, Caller>, { ctx }: Incoming<Env>, path: string, takeBytes: Take) {
    const { request, env, id } = call;
    const body = await readJson(request, limits, takeBytes);
    const { dialect, request: ranking } = dialects.read(path, body);
    checkModel(ranking);
    const cost = costOf(ranking);
    const documents = ranking.parts.reduce((sum, { texts }) => sum + texts.length, 0);
    const results = await tokens.hold((takeTokens) => {
      takeTokens(cost);
      const authorize = () => hooks.authorize(call, { model, documents, tokens: cost });
      return scoreRequest(loading, ranking, { env, ctx, signal: request.signal }, authorize);
    });
    const version = rerankPaths[path] ?? '1';
    return Response.json(dialect.write({ id, model, version, request: ranking, results }));
  }

  return async (incoming: Incoming<Env>, path: string): Promise<Response> => {
    const { request, ctx } = incoming;
    const call = await hooks.authenticate(incoming);
    await hooks.limitRate(call);
    if (request.bodyUsed)
      throw new Error('A hook has read the request body, which the handler needs; hooks may read its URL and headers.');
    const work = bytes.hold((take) => answer(call, incoming, path, take));
    // If a client goes away, its worker stops wherever it waits. Without `waitUntil` the request's room stays taken.
    ctx?.waitUntil(work.catch(() => {}));
    return work;
  };
}
