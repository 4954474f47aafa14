/**
 * Seconds that a creation may take before it counts as dead; a property of the functions that create. In an isolate a
 * download dies with the request that began it, and its promise stays pending for ever.
 */
export const patienceSeconds: unique symbol = Symbol.for('rerank-wasm.patienceSeconds');

/** Creates a model, or an object that holds one. */
export interface Create<Made, Parameters extends unknown[] = []> {
  (...parameters: Parameters): Promise<Made>;
  readonly [patienceSeconds]?: number;
}

/** How a model is shared. */
export interface Sharing<Made, Parameters extends unknown[]> {
  /** Seconds after which a creation counts as dead. Default: the `patienceSeconds` of the function that creates. */
  patience?: number;
  /** Receives each creation when it starts, with the parameters of the call that started it. */
  onStart?: ((creation: Promise<Made>, ...parameters: Parameters) => void) | undefined;
}

/**
 * One model for all callers, created at the first use. A failed creation is retried on the next use, and so is one
 * that took longer than `patienceSeconds`; if several arrive, the first one stays.
 */
export class SharedModel<Made extends { dispose(): Promise<void> }, Parameters extends unknown[] = []> {
  readonly #create: (...parameters: Parameters) => Promise<Made>;
  readonly #patienceSeconds: number;
  readonly #onStart: Sharing<Made, Parameters>['onStart'];
  #made: Made | undefined;
  #creation: { promise: Promise<Made>; started: number } | undefined;

  constructor(create: Create<Made, Parameters>, { patience, onStart }: Sharing<Made, Parameters> = {}) {
    this.#create = create;
    this.#patienceSeconds = patience ?? create[patienceSeconds] ?? Number.POSITIVE_INFINITY;
    this.#onStart = onStart;
  }

  get state(): 'not loaded' | 'loading' | 'ready' {
    if (this.#made) return 'ready';
    return this.#creation ? 'loading' : 'not loaded';
  }

  /** The model, if it is ready. */
  get made(): Made | undefined {
    return this.#made;
  }

  /** @throws the error of the creation */
  async get(...parameters: Parameters): Promise<Made> {
    if (this.#made) return this.#made;
    const creation = this.#creation;
    const isDead = creation && Date.now() - creation.started > this.#patienceSeconds * 1000;
    return creation && !isDead ? creation.promise : this.#start(parameters);
  }

  /** Drops a model that crashed; the next use creates another. */
  async forget(made: Made): Promise<void> {
    if (this.#made === made) this.#made = undefined;
    // A crashed instance may fail here too; the caller has that error already.
    await made.dispose().catch(() => {});
  }

  #start(parameters: Parameters): Promise<Made> {
    const creation = { promise: this.#make(parameters), started: Date.now() };
    this.#creation = creation;
    const end = () => {
      if (this.#creation === creation) this.#creation = undefined;
    };
    creation.promise.then(end, end);
    this.#onStart?.(creation.promise, ...parameters);
    return creation.promise;
  }

  async #make(parameters: Parameters): Promise<Made> {
    const fresh = await this.#create(...parameters);
    const kept = this.#made;
    if (!kept) {
      this.#made = fresh;
      return fresh;
    }
    await fresh.dispose().catch(() => {});
    return kept;
  }
}
