import { invalid } from '../../common/check.js';
import { parseUrl } from '../../common/kinds.js';
import { defaultHub } from '../registry.js';

/** Returns a variable of the environment; undefined if it is not set or may not be read. */
export type EnvironmentVariable = (name: 'HF_ENDPOINT' | 'HF_TOKEN') => string | undefined;

/**
 * Returns the hub of a caller who names none: the one that the environment names, as for Hugging Face's own tools, else the
 * public one.
 *
 * @throws `invalid_input` if the variable is no such URL
 */
export function environmentHub(environment: EnvironmentVariable | undefined): URL {
  const url = usableHub(environment);
  if (url) return url;
  throw invalid("The environment's HF_ENDPOINT must be an absolute http: or https: URL; correct it, or pass `hub`.");
}

/** Returns the hub of {@link environmentHub}; undefined if the variable is no such URL. */
export function usableHub(environment: EnvironmentVariable | undefined): URL | undefined {
  const url = parseUrl(environment?.('HF_ENDPOINT')?.trim() || defaultHub);
  return url && isHttp(url) ? url : undefined;
}

export function isHttp({ protocol }: URL): boolean {
  return ['http:', 'https:'].includes(protocol);
}
