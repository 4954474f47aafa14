import { toRerankError } from '../common/errors.js';
import { type Loaded, type Loading, retryAfter, type Servable, type Waiting } from './loading.js';
import { abortedProblem, Problem } from './wire/problem.js';

/** The work of a request on a model. */
export interface Work<Model extends Servable, Result> {
  run(loaded: Loaded<Model>, signal: AbortSignal): Promise<Result>;
  /** The refusal for texts that the model cannot take. */
  unreadable(loaded: Loaded<Model>, error: Error): Problem;
}

/**
 * Loads the model and does the work of a request. It calls `authorize` once, right before the work starts.
 *
 * @throws `model_not_ready`, `request_aborted`; the errors of `authorize`, the load and the work
 */
export async function runWith<Env, Model extends Servable, Result>(
  loading: Loading<Env, Model>,
  waiting: Waiting<Env>,
  authorize: () => Promise<void>,
  work: Work<Model, Result>,
): Promise<Result> {
  const { signal } = waiting;
  const loaded = await load(loading, waiting);
  if (signal.aborted) throw abortedProblem();
  await authorize();
  try {
    return await attempt(loading, loaded, work, signal);
  } catch (error) {
    // A request beside this one crashed the instance and so disposed the model. This one tries the next.
    if (toRerankError(error).code !== 'disposed') throw error;
    return attempt(loading, await load(loading, waiting), work, signal);
  }
}

async function attempt<Env, Model extends Servable, Result>(
  loading: Loading<Env, Model>,
  loaded: Loaded<Model>,
  { run, unreadable }: Work<Model, Result>,
  signal: AbortSignal,
): Promise<Result> {
  try {
    return await run(loaded, signal);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const error = toRerankError(cause);
    const { code } = error;
    if (code === 'aborted') throw abortedProblem();
    if (code === 'invalid_input') throw unreadable(loaded, error);
    if (code === 'internal' || code === 'out_of_memory' || code === 'disposed') await loading.forget(loaded);
    throw cause;
  }
}

async function load<Env, Model extends Servable>(
  loading: Loading<Env, Model>,
  waiting: Waiting<Env>,
): Promise<Loaded<Model>> {
  try {
    return await loading.get(waiting);
  } catch (error) {
    if (error instanceof Problem || toRerankError(error).code !== 'download_failed') throw error;
    throw new Problem('model_not_ready', 'The model could not be loaded; try again.', { retryAfter, cause: error });
  }
}
