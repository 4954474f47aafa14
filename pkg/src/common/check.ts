import { RerankError } from './errors.js';
import { isObject } from './kinds.js';

/** The error for an argument with the wrong type or value. */
export function invalid(message: string): RerankError {
  return new RerankError('invalid_input', message);
}

/** Refuses unknown names: a misspelt option must not be ignored in silence. */
export function checkNames(value: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw invalid(`${where} has no ${JSON.stringify(name)}; it has ${known.join(', ')}`);
  }
}

/** An object with no names but the known ones; an empty one for undefined. */
export function checkOptions(options: unknown, known: readonly string[]): Record<string, unknown> {
  if (options === undefined) return {};
  if (!isObject(options) || Array.isArray(options)) throw invalid('options must be an object');
  checkNames(options, known, 'options');
  return options;
}

export function checkCount(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(`${name} must be a positive integer`);
  }
  return value;
}

export function checkCallback<Callback>(value: unknown, name: string): Callback | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalid(`${name} must be a function`);
  return value as Callback | undefined;
}

export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value) || typeof value.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
    throw invalid('signal must be an AbortSignal');
  }
  return value as unknown as AbortSignal;
}
