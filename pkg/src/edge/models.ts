import { Loading, type Servable } from './loading.js';
import type { HandlerLimits } from './types.js';
import { documentPaths } from './wire/endpoints.js';
import { Problem } from './wire/problem.js';

/** A model that a handler serves, and the names that requests may use for it. Answers carry the first one. */
export interface ServedModel<Env, Model extends Servable> {
  names: readonly [string, ...string[]];
  create: (env: Env) => Promise<Model>;
}

/** The models of an endpoint, each loaded by the first request that needs it. */
export class Models<Env, Model extends Servable> {
  readonly #models: { names: readonly [string, ...string[]]; loading: Loading<Env, Model> }[];

  constructor(served: readonly ServedModel<Env, Model>[], limits: Required<HandlerLimits>) {
    this.#models = served.map(({ names, create }) => ({ names, loading: new Loading(create, limits) }));
  }

  /** The names of all models. */
  get names(): string[] {
    return this.#models.flatMap(({ names }) => names);
  }

  /** The state of each model, by its first name. */
  get states(): [name: string, state: 'not loaded' | 'loading' | 'ready'][] {
    return this.#models.map(({ names: [name], loading }) => [name, loading.state]);
  }

  /**
   * Returns the model that a request wants: the first one if it names none. `elsewhere` says where other names belong, by
   * name, as the end of a sentence.
   *
   * @throws `model_not_found`
   */
  find(
    wanted: string | undefined,
    basePath: string,
    elsewhere: (name: string) => string | undefined,
  ): { name: string; loading: Loading<Env, Model> } {
    const found = wanted === undefined ? this.#models[0] : this.#models.find(({ names }) => names.includes(wanted));
    if (found) return { name: found.names[0], loading: found.loading };
    const other = wanted === undefined ? undefined : elsewhere(wanted);
    const unknown = `not a model of this server; GET ${basePath}${documentPaths.models} lists them`;
    throw new Problem('model_not_found', `\`model\` is ${other ?? unknown}.`, { param: 'model' });
  }
}
