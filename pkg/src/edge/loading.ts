import { startTimer } from '../common/timer.js';
import { SharedModel } from '../opening/shared.js';
import type { HandlerContext } from './types.js';
import { abortedProblem, Problem } from './wire/problem.js';

/** The part of a reranker or an embedder that all endpoints use. */
export interface Servable {
  statistics(): Promise<{ maxTokens: number }>;
  dispose(): Promise<void>;
}

/** A loaded model with the length of its longest sequence in tokens. */
export interface Loaded<Model extends Servable> extends Pick<Servable, 'dispose'> {
  model: Model;
  maxTokens: number;
}

/** The parts of a request that waits for the model. */
export interface Waiting<Env> {
  env: Env;
  ctx: HandlerContext | undefined;
  signal: AbortSignal;
}

/** Seconds after which a client may try again while the model loads. */
export const retryAfter = 5;

/** The model of a handler. The first request that needs it loads it for all. */
export class Loading<Env, Model extends Servable> {
  readonly #shared: SharedModel<Loaded<Model>, [env: Env, ctx: HandlerContext | undefined]>;
  readonly #waitSeconds: number;

  constructor(
    create: (env: Env) => Promise<Model>,
    { waitSeconds, loadSeconds }: { waitSeconds: number; loadSeconds: number },
  ) {
    this.#waitSeconds = waitSeconds;
    this.#shared = new SharedModel((env: Env, _: HandlerContext | undefined) => load(create, env), {
      patience: loadSeconds,
      // Other requests may wait for it after the client of this one has gone.
      onStart: (loading, _, ctx) => ctx?.waitUntil(loading.catch(() => {})),
    });
  }

  get state(): 'not loaded' | 'loading' | 'ready' {
    return this.#shared.state;
  }

  /** The model's longest sequence in tokens; undefined before the model is loaded. */
  get maxTokens(): number | undefined {
    return this.#shared.made?.maxTokens;
  }

  /** @throws `model_not_ready`, `request_aborted`; the error of the load */
  async get({ env, ctx, signal }: Waiting<Env>): Promise<Loaded<Model>> {
    return this.#shared.made ?? within(this.#shared.get(env, ctx), this.#waitSeconds, signal);
  }

  /** Drops a model that crashed; the next request loads another. */
  forget(loaded: Loaded<Model>): Promise<void> {
    return this.#shared.forget(loaded);
  }
}

async function load<Env, Model extends Servable>(
  create: (env: Env) => Promise<Model>,
  env: Env,
): Promise<Loaded<Model>> {
  const model = await create(env);
  const { maxTokens } = await model.statistics();
  return { model, maxTokens, dispose: () => model.dispose() };
}

/** Waits for `promise` until the time is up or the client has gone; the work behind the promise continues. */
async function within<Value>(promise: Promise<Value>, seconds: number, signal: AbortSignal): Promise<Value> {
  // If the client has gone, nothing else handles a failure of the load.
  promise.catch(() => {});
  if (signal.aborted) throw abortedProblem();
  let stop = () => {};
  const ended = new Promise<never>((_, reject) => {
    const abort = () => reject(abortedProblem());
    const late = () =>
      reject(
        new Problem('model_not_ready', `The model is still loading; try again in ${retryAfter} s.`, { retryAfter }),
      );
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
