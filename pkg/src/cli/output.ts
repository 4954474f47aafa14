import { readFile } from 'node:fs/promises';

import { toRerankError } from '../common/errors.js';
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

/** A failure on one line: its code and what it and its causes say. */
export function explain(error: unknown): string {
  const { code, message, cause } = toRerankError(error);
  return `error: ${code}: ${[message, ...reasons(cause, message)].join(': ')}`.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** What the causes say that has not been said: fetch hides behind "fetch failed" that a host was not found. */
function reasons(cause: unknown, said: string): string[] {
  if (!(cause instanceof Error)) return [];
  // An error that stands for several tries has no message of its own.
  const message = cause.message || ('code' in cause ? String(cause.code) : '');
  if (message === '' || said.includes(message)) return reasons(cause.cause, said);
  return [message, ...reasons(cause.cause, `${said} ${message}`)];
}
