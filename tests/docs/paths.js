import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a file of the repository. */
export function read(path) {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
