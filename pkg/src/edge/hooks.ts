import type { CheckedOptions } from './options.js';
import type { HandlerContext, HookCall } from './types.js';
import { Problem } from './wire/problem.js';

/** A request on its way through the handler. */
export interface Incoming<Env> {
  request: Request;
  env: Env;
  ctx: HandlerContext | undefined;
  id: string;
}

/** The `retry-after` of a hook that returns none. */
const defaultRetryAfter = 60;

/** The deployer's hooks. Their errors pass through, and every value except a clear yes is a no. */
export class Hooks<Env, Caller> {
  readonly #options: CheckedOptions<Env, Caller>;

  constructor(options: CheckedOptions<Env, Caller>) {
    this.#options = options;
  }

  /** @throws `invalid_api_key` */
  async authenticate({ request, env, id }: Incoming<Env>): Promise<HookCall<Env, Caller>> {
    const { authenticate } = this.#options;
    if (!authenticate) return { request, env, id, caller: undefined };
    const caller = await authenticate(request, env);
    if (caller) return { request, env, id, caller };
    throw new Problem('invalid_api_key', 'The request has no valid key; send the header Authorization: Bearer KEY.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }

  /** @throws `rate_limit_exceeded` */
  async limitRate(call: HookCall<Env, Caller>): Promise<void> {
    const { rateLimit } = this.#options;
    const answer = rateLimit ? await rateLimit(call) : true;
    if (answer === true) return;
    const seconds = typeof answer === 'object' && answer !== null ? Math.ceil(answer.retryAfter) : defaultRetryAfter;
    const retryAfter = Number.isSafeInteger(seconds) && seconds > 0 ? seconds : defaultRetryAfter;
    throw new Problem('rate_limit_exceeded', `Too many requests; try again in ${retryAfter} s.`, { retryAfter });
  }

  /** @throws `insufficient_credits` */
  async authorize(
    call: HookCall<Env, Caller>,
    cost: { model: string; documents: number; tokens: number },
  ): Promise<void> {
    const { authorize } = this.#options;
    if (!authorize || (await authorize({ ...call, ...cost })) === true) return;
    throw new Problem('insufficient_credits', 'The credits do not cover this request; add some or send less text.');
  }
}
