import { invalidValue } from '../common/check.js';
import type { Request } from '../common/globals.js';

/** The keys, or a function that finds them in the `env` that the handler receives. */
export type KeySource<Env> = readonly string[] | ((env: Env) => readonly string[]);

const bearer = /^Bearer +([\x21-\x7e]+)$/i;

/**
 * Makes an `authenticate` hook for a few keys that clients send as `Authorization: Bearer KEY`. A wrong key takes as
 * long as a right one. The caller is the key's SHA-256 in hexadecimal digits, a name for rate limits and logs.
 *
 * @example
 * createHandler({ authenticate: bearerKeys((env) => [env.API_KEY]) });
 *
 * @throws RerankError: `invalid_input`
 *
 * When a request arrives, an Error is thrown if a key is not a string or is empty. A secret that is missing in `env`
 * must refuse every request.
 */
export function bearerKeys<Env = unknown>(
  keys: KeySource<Env>,
): (request: Request, env: Env) => Promise<string | undefined> {
  if (typeof keys !== 'function' && !Array.isArray(keys)) {
    throw invalidValue('keys', 'an array of keys or a function that returns one', keys);
  }
  return async (request, env) => {
    const known = typeof keys === 'function' ? keys(env) : keys;
    for (const key of known) {
      if (typeof key !== 'string' || key === '')
        throw new Error('An API key is missing or empty; set it in the environment.');
    }
    const given = await digest(bearer.exec(request.headers.get('authorization') ?? '')?.[1] ?? '');
    const digests = await Promise.all(known.map(digest));
    // Every byte of every key is compared, so the time does not depend on where they differ.
    let found = 0;
    for (const each of digests) found |= equal(each, given);
    return found === 1 ? hexadecimal(given) : undefined;
  };
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** 1 if all bytes are equal, else 0. Both have the length of a digest. */
function equal(left: Uint8Array, right: Uint8Array): number {
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0 ? 1 : 0;
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
