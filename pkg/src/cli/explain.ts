import { toRerankError } from '../common/errors.js';

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
