import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { KernelRace } from '#internal/engine/kernel-race.js';
import { clockFor } from '../../support/models/winner.js';

/** An instance with three kernels. It notes which of them run, and the times at the end. */
function instanceWith({ onRun = () => {} } = {}) {
  const noted = { runs: [0, 0, 0], times: undefined, freed: 0 };
  class Race {
    entrants = () => ['a', 'b', 'c'];
    run(entrant) {
      noted.runs[entrant] += 1;
      onRun(entrant);
    }
    choose(times) {
      noted.times = [...times];
    }
    free() {
      noted.freed += 1;
    }
  }
  return { noted, instance: { bindings: { KernelRace: Race }, call: (action) => action() } };
}

describe('the race of the kernels', () => {
  it('takes the fastest lap of each', () => {
    let time = 0;
    const costs = [3, 1, 2];
    const laps = [0, 0, 0];
    const { noted, instance } = instanceWith({
      onRun: (entrant) => {
        laps[entrant] += 1;
        // The first laps run code that is not optimised yet.
        time += costs[entrant] * (laps[entrant] < 3 ? 10 : 1);
      },
    });
    const race = new KernelRace(instance, () => time);
    let steps = 0;
    while (race.step()) steps += 1;
    race.end();
    assert.equal(steps, 12);
    assert.deepEqual(noted.times, costs);
    assert.equal(race.step(), false);
  });

  it('chooses as the clock of the other tests wants', () => {
    for (const winner of [0, 1, 2]) {
      const { noted, instance } = instanceWith();
      const race = new KernelRace(instance, clockFor(winner, 3));
      while (race.step());
      race.end();
      assert.equal(noted.times.indexOf(Math.min(...noted.times)), winner);
      assert.ok(noted.times.every((time, index) => index === winner || time > 5 * noted.times[winner]));
    }
  });

  it('counts runs between two ticks of a coarse clock', () => {
    let time = 0;
    const { noted, instance } = instanceWith({
      onRun: (entrant) => {
        time += [0.02, 0.01, 0.05][entrant];
      },
    });
    const race = new KernelRace(instance, () => Math.floor(time));
    while (race.step());
    race.end();
    for (const [index, expected] of [0.02, 0.01, 0.05].entries()) {
      assert.ok(Math.abs(noted.times[index] - expected) < 0.2 * expected, `${noted.times}`);
    }
  });

  it('is given up where the clock stands', () => {
    const { noted, instance } = instanceWith();
    const race = new KernelRace(instance, () => 7);
    let steps = 0;
    while (race.step()) steps += 1;
    race.end();
    assert.deepEqual([steps, noted.times, noted.freed], [1, undefined, 1]);
    assert.ok(noted.runs[0] <= 200 && noted.runs[1] === 0, `${noted.runs}`);
  });

  it('that ended early has times for those that ran', () => {
    const { noted, instance } = instanceWith();
    const race = new KernelRace(instance, clockFor(1, 3));
    race.step();
    race.end();
    assert.deepEqual(noted.times.slice(1), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });
});
