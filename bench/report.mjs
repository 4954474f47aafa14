import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './paths.mjs';
import { table } from './table.mjs';

export const resultsPath = join(repository, 'bench/results.json');

/** Collects the numbers of a run. */
export class Report {
  #results = [];
  #notes = [];

  /** `peer` names what a ratio compares with. */
  add(name, value, unit, peer) {
    if (this.#results.some((result) => result.name === name)) throw new Error(`${name} was measured twice`);
    if (!Number.isFinite(value)) throw new Error(`${name} is ${value}`);
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
