import { readFile } from 'node:fs/promises';

import { toRerankError } from '../common/errors.js';
import { exitCodes } from './command.js';

/** Writes the output of a command; returns the exit code of success. */
export function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.done;
}

/** Writes a warning to standard error. */
export function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

/** The version of this package. */
export async function readVersion(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** A failure on one line: its code, its message and those of its causes. */
export function explain(error: unknown): string {
  const { code, message, cause } = toRerankError(error);
  const texts = [message, ...reasons(cause, message)].map((text, index, { length }) =>
    index < length - 1 ? text.replace(/\.$/, '') : text,
  );
  return `error: ${code}: ${texts.join(': ')}`.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** The messages of the causes that add something: "fetch failed" hides that a host was not found. */
function reasons(cause: unknown, said: string): string[] {
  if (!(cause instanceof Error)) return [];
  // The error of several attempts has a code and no message.
  const message = cause.message || ('code' in cause ? String(cause.code) : '');
  // Inside another sentence a message may differ in its first letter and its full stop.
  if (said.toLowerCase().includes(message.toLowerCase().replace(/\.$/, ''))) return reasons(cause.cause, said);
  return [message, ...reasons(cause.cause, `${said} ${message}`)];
}
