import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of the repository's root. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Reads a file by its path from the repository's root. */
export function read(path) {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
