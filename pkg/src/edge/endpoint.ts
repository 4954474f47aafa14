import { readJson } from './body.js';
import type { Hooks, Incoming } from './hooks.js';
import type { CheckedOptions } from './options.js';
import type { Queue } from './queue.js';
import type { HookCall } from './types.js';
import { Problem } from './wire/problem.js';

/** What all endpoints of a handler share. */
export interface EndpointParts<Env, Caller> {
  options: CheckedOptions<Env, Caller>;
  hooks: Hooks<Env, Caller>;
  /** The bytes of all requests that are read, run or wait. */
  bytes: Queue;
  /** The tokens of all requests that run or wait. */
  tokens: Queue;
}

/** Answers a request with this body, after its hooks have let it in. */
export type Serve<Env, Caller> = (
  body: unknown,
  call: HookCall<Env, Caller>,
  incoming: Incoming<Env>,
  path: string,
) => Promise<Response>;

/** Answers POST requests with a body of JSON, at a path below `basePath`. */
export function endpoint<Env, Caller>(
  { options: { limits }, hooks, bytes }: EndpointParts<Env, Caller>,
  serve: Serve<Env, Caller>,
) {
  return async (incoming: Incoming<Env>, path: string): Promise<Response> => {
    const { request, ctx } = incoming;
    const call = await hooks.authenticate(incoming);
    await hooks.limitRate(call);
    if (request.bodyUsed)
      throw new Error('A hook has read the request body, which the handler needs; hooks may read its URL and headers.');
    const work = bytes.hold(async (take) => serve(await readJson(call.request, limits, take), call, incoming, path));
    // If a client goes away, its worker stops wherever it waits. Without `waitUntil` the request's room stays taken.
    ctx?.waitUntil(work.catch(() => {}));
    return work;
  };
}

/** @throws `too_many_tokens` if the texts in `field` cost more than a request may */
export function checkCost(cost: number, most: number, field: string): void {
  if (cost <= most) return;
  const message = `The texts have about ${cost} tokens; the limit is ${most}. Send fewer or shorter documents.`;
  throw new Problem('too_many_tokens', message, { param: field });
}
