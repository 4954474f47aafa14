import { RerankError } from './errors.js';
import { behindProxy, isObject, tagOf } from './kinds.js';
import { nearestName } from './nearest.js';

/** The error for an argument that has the wrong type or value. */
export function invalid(message: string): RerankError {
  return new RerankError('invalid_input', message);
}

/** The error that says what `name` must be and what it is: `expected` completes "`name` must be …". */
export function invalidValue(name: string, expected: string, value: unknown): RerankError {
  return invalid(`\`${name}\` must be ${expected}; it is ${describeValue(value)}.`);
}

/** {@link invalidValue} for one of a few words: a short word is quoted, because it is probably misspelt. */
export function invalidChoice(name: string, expected: string, value: unknown): RerankError {
  const found = typeof value === 'string' && /^[\w-]{1,24}$/.test(value) ? `'${value}'` : describeValue(value);
  return invalid(`\`${name}\` must be ${expected}; it is ${found}.`);
}

/** Describes a value in a few words. Texts are not quoted: they may be long or private. */
export function describeValue(value: unknown): string {
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (isObject(value)) return withArticle(tagOf(value) === 'Object' ? 'object' : tagOf(value));
  return ['string', 'function', 'symbol', 'bigint'].includes(typeof value) ? withArticle(typeof value) : String(value);
}

function withArticle(noun: string): string {
  return `${/^[AEIO]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** Refuses unknown names, so that a misspelt option is noticed. */
export function checkNames(value: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? 'it' : `did you mean "${nearest}"? It`;
    throw invalid(
      `\`${where}\` has an unknown property ${JSON.stringify(name)}; ${hint} may have ${known.join(', ')}.`,
    );
  }
}

/** Checks that `options` is an object with known names alone; undefined counts as an empty one. */
export function checkOptions(options: unknown, known: readonly string[], where = 'options'): Record<string, unknown> {
  if (options === undefined) return {};
  if (!isObject(options) || Array.isArray(options)) throw invalidValue(where, 'an object', options);
  checkNames(options, known, where);
  return options;
}

export function checkCount(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalidValue(name, 'a positive integer', value);
  }
  return value;
}

export function checkCallback<Callback>(value: unknown, name: string): Callback | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalidValue(name, 'a function', value);
  return value as Callback | undefined;
}

export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (
    !isObject(value) ||
    tagOf(value).endsWith(behindProxy) ||
    typeof value.aborted !== 'boolean' ||
    typeof value.addEventListener !== 'function'
  ) {
    throw invalidValue('signal', 'an AbortSignal', value);
  }
  return value as unknown as AbortSignal;
}
