import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './paths.mjs';
import { table } from './table.mjs';

export const resultsPath = join(repository, 'bench/results.json');

/** Collects the numbers of a run. */
export class Report {
  #results = [];
  #notes = [];

  /** `peer` names the other side of a ratio. */
  add(name, value, unit, peer) {
    if (this.#results.some((result) => result.name === name)) throw new Error(`Two measurements report ${name}.`);
    if (!Number.isFinite(value))
      throw new Error(`The measurement ${name} returned ${value} instead of a finite number.`);
    const result = { name, value, unit, ...(peer && { peer }) };
    this.#results.push(result);
    console.error(`    ${name} ${value.toPrecision(4)} ${unit}`);
  }

  /** Takes results that another program printed. */
  merge(results) {
    for (const { name, value, unit, peer } of results) this.add(name, value, unit, peer);
  }

  note(text) {
    this.#notes.push(text);
    console.error(`    ${text}`);
  }

  finish() {
    writeFileSync(resultsPath, `${JSON.stringify(this.#results, null, 2)}\n`);
    console.log(table(this.#results));
    for (const note of this.#notes) console.log(`- ${note}`);
  }
}
