/** The keys, or what finds them in the worker's environment. */
export type KeySource<Env> = readonly string[] | ((env: Env) => readonly string[]);

const bearer = /^Bearer +([\x21-\x7e]+)$/i;

/**
 * An `authenticate` hook for a handful of keys that clients send as `Authorization: Bearer KEY`. It takes as long for a
 * wrong key as for a right one. The caller that it gives is the key's SHA-256 in hexadecimal digits: a name that is fit
 * for rate limits and logs.
 *
 * @throws Error, at a request, where a key is not a text that has characters: a secret that is missing in the
 * environment must not let anybody in.
 */
export function bearerKeys<Env = unknown>(
  keys: KeySource<Env>,
): (request: Request, env: Env) => Promise<string | undefined> {
  return async (request, env) => {
    const known = typeof keys === 'function' ? keys(env) : keys;
    for (const key of known) {
      if (typeof key !== 'string' || key === '') throw new Error('an API key is missing or empty');
    }
    const given = await digest(bearer.exec(request.headers.get('authorization') ?? '')?.[1] ?? '');
    const digests = await Promise.all(known.map(digest));
    // Every byte of every key is compared, so the time tells nothing about where they differ.
    let found = 0;
    for (const each of digests) found |= equal(each, given);
    return found === 1 ? hexadecimal(given) : undefined;
  };
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** 1 where all bytes are equal, else 0. Both have the length of a digest. */
function equal(left: Uint8Array, right: Uint8Array): number {
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0 ? 1 : 0;
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
