import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

import { messageOf, RerankError } from '../errors.js';

/** The error for words that mean nothing. */
export function misused(message: string): RerankError {
  return new RerankError('invalid_input', `${message}; --help shows what can be said`);
}

/** Options that every command which loads a model has. */
export const modelOptions = {
  model: { type: 'string' },
  hub: { type: 'string' },
  'no-cache': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

/** @throws `invalid_input` */
export function parseWords<const Options extends ParseArgsOptionsConfig>(words: string[], options: Options) {
  try {
    return parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    throw misused(messageOf(error));
  }
}

/** @throws `invalid_input` where the option has a value that is no positive whole number */
export function parseCount(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const count = /^\d+$/.test(value) ? Number(value) : 0;
  if (count < 1 || !Number.isSafeInteger(count)) {
    throw misused(`${option} takes a positive whole number, not ${JSON.stringify(value)}`);
  }
  return count;
}
