/** As many as `fetch` follows. */
const mostRedirects = 20;

/** A request that carries an access token. */
export interface AuthorisedRequest {
  method: string;
  headers: Record<string, string>;
  token: string;
  signal: AbortSignal;
}

/**
 * Fetches `url` with the token, which no other origin receives. Redirects are followed here, because some runtimes pass
 * `Authorization` on to the next origin.
 */
export async function authorisedFetch(
  url: string,
  { method, headers, token, signal }: AuthorisedRequest,
): Promise<Response> {
  const { origin } = new URL(url);
  const withToken = { ...headers, authorization: `Bearer ${token}` };
  let place = new URL(url);
  let trusted = true;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const init = { method, signal, headers: trusted ? withToken : headers };
    const response = await fetch(place.href, { ...init, redirect: 'manual' });
    // A browser hides where a redirect leads. It drops `Authorization` itself when it follows one to another origin.
    if (response.type === 'opaqueredirect') return fetch(place.href, init);
    const next = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (next === null) return response;
    await response.body?.cancel().catch(() => {});
    place = new URL(next, place);
    if (!['http:', 'https:'].includes(place.protocol))
      throw new TypeError(`a redirect leads to a ${place.protocol} URL`);
    trusted &&= place.origin === origin;
  }
  throw new TypeError('too many redirects');
}
