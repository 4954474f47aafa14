import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of the repository's root. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Reads a file by its path from the repository's root. */
export function read(path) {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** Returns the repository's files that match these patterns of git. Files that are new count, and ignored ones do not. */
export function filesLike(...patterns) {
  const parameters = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  const names = execFileSync('git', parameters, { cwd: repository, encoding: 'utf8' }).split('\0');
  return names.filter((name) => name !== '' && existsSync(join(repository, name))).sort();
}

/** All pages of the repository. */
export const pages = filesLike('*.md');
