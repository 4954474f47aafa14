import type { Reranker } from '../common/types.js';
import { startTimer } from './timer.js';
import type { HandlerContext } from './types.js';
import { abortedProblem, Problem } from './wire/problem.js';

/** A reranker that is ready, and how many tokens its pairs may have. */
export interface Loaded {
  reranker: Reranker;
  maxTokens: number;
}

/** What a request has that waits for the model. */
export interface Waiting<Env> {
  env: Env;
  ctx: HandlerContext | undefined;
  signal: AbortSignal;
}

interface Load {
  promise: Promise<Loaded>;
  started: number;
  /** What the promise gave, once it has. */
  loaded?: Loaded;
}

/** Seconds after which a client that came too early may try again. */
const retryAfter = 5;

/** One reranker for all requests, loaded by the first that needs it. A load that failed is not kept. */
export class SharedReranker<Env> {
  readonly #create: (env: Env) => Promise<Reranker>;
  readonly #limits: { waitSeconds: number; loadSeconds: number };
  #load: Load | undefined;

  constructor(create: (env: Env) => Promise<Reranker>, limits: { waitSeconds: number; loadSeconds: number }) {
    this.#create = create;
    this.#limits = limits;
  }

  get state(): 'not loaded' | 'loading' | 'ready' {
    if (!this.#load) return 'not loaded';
    return this.#load.loaded ? 'ready' : 'loading';
  }

  /** Longest pair that the model takes, in tokens; undefined before it is loaded. */
  get maxTokens(): number | undefined {
    return this.#load?.loaded?.maxTokens;
  }

  /** @throws `model_not_ready`, `request_aborted`; what the load throws */
  async get({ env, ctx, signal }: Waiting<Env>): Promise<Loaded> {
    const { waitSeconds, loadSeconds } = this.#limits;
    const load = this.#load;
    if (load?.loaded) return load.loaded;
    // What a load waits for can die with the request that began it; it would stay for ever.
    const stuck = load && Date.now() - load.started > loadSeconds * 1000;
    const { promise } = load && !stuck ? load : this.#start(env, ctx);
    return within(promise, waitSeconds, signal);
  }

  /** Drops a reranker that broke; the next request loads another. */
  async forget({ reranker }: Loaded): Promise<void> {
    if (this.#load?.loaded?.reranker === reranker) this.#load = undefined;
    // What broke may fail at this too; that says nothing new.
    await reranker.dispose().catch(() => {});
  }

  #start(env: Env, ctx: HandlerContext | undefined): Load {
    const load: Load = { promise: this.#make(env), started: Date.now() };
    this.#load = load;
    const ended = load.promise.then(
      async (loaded) => {
        load.loaded = loaded;
        if (this.#load === load) return;
        // It was given up and came all the same. Where every load takes too long, there would never be a model without it.
        if (!this.#load?.loaded) this.#load = load;
        // Those who still wait for it find the one in its place.
        else await this.forget(loaded);
      },
      () => {
        if (this.#load === load) this.#load = undefined;
      },
    );
    // Others may wait for it when the client of this request has gone.
    ctx?.waitUntil(ended);
    return load;
  }

  async #make(env: Env): Promise<Loaded> {
    const reranker = await this.#create(env);
    const { maxTokens } = await reranker.statistics();
    return { reranker, maxTokens };
  }
}

/** `promise`, unless the time is up or the client has gone; what is behind the promise goes on. */
async function within<Value>(promise: Promise<Value>, seconds: number, signal: AbortSignal): Promise<Value> {
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
