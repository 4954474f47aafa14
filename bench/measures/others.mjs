// Runs every bench/*/measure.mjs. Each prints its results, one JSON object a line.
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { node, repository } from '../paths.mjs';

export async function others(report) {
  for (const path of globSync('bench/*/measure.mjs', { cwd: repository }).sort()) {
    const { stdout } = await promisify(execFile)(node, [join(repository, path)], { cwd: repository });
    report.merge(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
  }
}
