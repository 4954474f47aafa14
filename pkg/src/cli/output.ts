import { readFile } from 'node:fs/promises';

import { exitCodes } from './command.js';

/** Writes what was asked for; gives the exit code for that. */
export function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.done;
}

/** Says on standard error what went less well than it could have. */
export function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

/** The version of this package. */
export async function readVersion(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
