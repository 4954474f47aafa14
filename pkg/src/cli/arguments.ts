import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

import { messageOf, RerankError, sentence } from '../common/errors.js';
import { nearestName } from '../common/nearest.js';

/** The error for wrong arguments. */
export function misused(message: string): RerankError {
  return new RerankError('invalid_input', `${sentence(message)} See --help.`);
}

/** The options of every command that loads a model. */
export const modelOptions = {
  model: { type: 'string' },
  hub: { type: 'string' },
  file: { type: 'string' },
  token: { type: 'string' },
  'no-cache': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

/** @throws `invalid_input` */
export function parseWords<const Options extends ParseArgsOptionsConfig>(words: string[], options: Options) {
  try {
    return parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    const name = /^Unknown option '--([^']+)'/.exec(messageOf(error))?.[1];
    if (name === undefined) throw misused(messageOf(error));
    const known = Object.keys(options);
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? `the options are --${known.join(', --')}` : `did you mean --${nearest}?`;
    throw misused(`--${name} is not an option; ${hint}`);
  }
}

/** @throws `invalid_input` for a value that is not a positive integer */
export function parseCount(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const count = /^\d+$/.test(value) ? Number(value) : 0;
  if (count < 1 || !Number.isSafeInteger(count)) {
    throw misused(`${option} takes a positive integer, not ${JSON.stringify(value)}`);
  }
  return count;
}

/** @throws `invalid_input` for a value that is not a number from 0 to 1 */
export function parseShare(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const share = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(share >= 0 && share <= 1)) {
    throw misused(`${option} takes a number from 0 to 1, not ${JSON.stringify(value)}`);
  }
  return share;
}

/** @throws `invalid_input` for a value that is none of these */
export function parseOneOf<const Value extends string>(
  value: string | undefined,
  option: string,
  values: readonly [Value, ...Value[]],
): Value {
  if (value === undefined) return values[0];
  const known = values.find((known) => known === value);
  if (known === undefined) throw misused(`${option} takes ${values.join(' or ')}, not ${JSON.stringify(value)}`);
  return known;
}

const units = { KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const;

/**
 * Reads a number of bytes, with or without a unit.
 *
 * @throws `invalid_input`
 */
export function parseSize(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const [, digits, unit] = /^(\d+) *(KiB|MiB|GiB|kB|MB|GB)?$/.exec(value) ?? [];
  const size = Number(digits) * (unit === undefined ? 1 : units[unit as keyof typeof units]);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw misused(`${option} takes a size such as 25MiB or 110MB, not ${JSON.stringify(value)}`);
  }
  return size;
}
