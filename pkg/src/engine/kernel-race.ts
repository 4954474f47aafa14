import type { Instance } from '../instance/instance.js';
import type { KernelRace as Race } from '../wasm/bindings.js';

/** How often each kernel runs. Its fastest lap counts: a browser optimises its code after the first ones. */
const laps = 4;

/** Shortest time of a lap in milliseconds. */
const lapMilliseconds = 0.5;

/** Runs within which the clock must move. In workerd it stands while code runs, and some browsers make it coarse. */
const mostRuns = 120;

/**
 * Measures the kernels of an instance while a model arrives, so that the model takes the fastest one. All kernels give
 * the same scores. If the clock stands, the model takes the usual one.
 */
export class KernelRace {
  readonly #instance: Instance;
  readonly #clock: () => number;
  readonly #race: Race;
  readonly #times: Float64Array;
  #laps = 0;
  #stopped = false;

  constructor(instance: Instance, clock = () => performance.now()) {
    this.#instance = instance;
    this.#clock = clock;
    this.#race = instance.call(() => new instance.bindings.KernelRace());
    this.#times = new Float64Array(this.#race.entrants().length).fill(Number.POSITIVE_INFINITY);
  }

  /** Runs the next lap of one kernel, about a millisecond. Returns false if none is left. */
  step(): boolean {
    if (this.#stopped || this.#laps === laps * this.#times.length) return false;
    const entrant = this.#laps % this.#times.length;
    const milliseconds = this.#instance.call(() => measure(() => this.#race.run(entrant), this.#clock));
    if (milliseconds === undefined) this.#stopped = true;
    else this.#times[entrant] = Math.min(this.#times[entrant] ?? milliseconds, milliseconds);
    this.#laps += 1;
    return true;
  }

  /** Ends the race. Models that load after it take the winner. */
  end(): void {
    this.#instance.call(() => (this.#stopped ? this.#race.free() : this.#race.choose(this.#times)));
  }
}

/** Returns the milliseconds of a run; undefined if the clock does not move. */
function measure(run: () => void, clock: () => number): number | undefined {
  // A coarse clock may move soon after the first look at it.
  let start = clock();
  for (let runs = 0; !(clock() > start); runs += 1) {
    if (runs === mostRuns) return undefined;
    run();
  }
  start = clock();
  for (let runs = 1; ; runs += 1) {
    run();
    const passed = clock() - start;
    if (passed >= lapMilliseconds) return passed / runs;
    if (runs >= mostRuns && !(passed > 0)) return undefined;
  }
}
