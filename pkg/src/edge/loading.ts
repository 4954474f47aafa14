import { startTimer } from '../common/timer.js';
import type { Reranker } from '../common/types.js';
import { SharedReranker } from '../reranker/shared.js';
import type { HandlerContext } from './types.js';
import { abortedProblem, Problem } from './wire/problem.js';

/** A reranker that is ready, and how many tokens its pairs may have. */
export interface Loaded extends Pick<Reranker, 'dispose'> {
  reranker: Reranker;
  maxTokens: number;
}

/** What a request has that waits for the model. */
export interface Waiting<Env> {
  env: Env;
  ctx: HandlerContext | undefined;
  signal: AbortSignal;
}

/** Seconds after which a client that came too early may try again. */
const retryAfter = 5;

/** The model of a handler: the first request that needs it loads it for all. */
export class Loading<Env> {
  readonly #shared: SharedReranker<Loaded, [env: Env, ctx: HandlerContext | undefined]>;
  readonly #waitSeconds: number;

  constructor(
    create: (env: Env) => Promise<Reranker>,
    { waitSeconds, loadSeconds }: { waitSeconds: number; loadSeconds: number },
  ) {
    this.#waitSeconds = waitSeconds;
    this.#shared = new SharedReranker((env: Env, ctx: HandlerContext | undefined) => {
      const loading = load(create, env);
      // Others may wait for it when the client of this request has gone.
      ctx?.waitUntil(loading.catch(() => {}));
      return loading;
    }, loadSeconds);
  }

  get state(): 'not loaded' | 'loading' | 'ready' {
    return this.#shared.state;
  }

  /** Longest pair that the model takes, in tokens; undefined before it is loaded. */
  get maxTokens(): number | undefined {
    return this.#shared.made?.maxTokens;
  }

  /** @throws `model_not_ready`, `request_aborted`; what the load throws */
  async get({ env, ctx, signal }: Waiting<Env>): Promise<Loaded> {
    return this.#shared.made ?? within(this.#shared.get(env, ctx), this.#waitSeconds, signal);
  }

  /** Drops a reranker that crashed; the next request loads another. */
  forget(loaded: Loaded): Promise<void> {
    return this.#shared.forget(loaded);
  }
}

async function load<Env>(create: (env: Env) => Promise<Reranker>, env: Env): Promise<Loaded> {
  const reranker = await create(env);
  const { maxTokens } = await reranker.statistics();
  return { reranker, maxTokens, dispose: () => reranker.dispose() };
}

/** `promise`, unless the time is up or the client has gone; the work behind the promise goes on. */
async function within<Value>(promise: Promise<Value>, seconds: number, signal: AbortSignal): Promise<Value> {
  // A load that fails later has no other listener if the client has gone.
  promise.catch(() => {});
  if (signal.aborted) throw abortedProblem();
  let stop = () => {};
  const ended = new Promise<never>((_, reject) => {
    const abort = () => reject(abortedProblem());
    const late = () => reject(new Problem('model_not_ready', 'the model is still loading', { retryAfter }));
    const stopTimer = startTimer(seconds, late);
    signal.addEventListener('abort', abort);
    stop = () => {
      stopTimer();
      signal.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    stop();
  }
}
