import type { HandlerOptions } from './types.js';

const headerNames = /^[\w-]+(\s*,\s*[\w-]+)*$/;

/** The headers that let a page read the answer; a page of another origin gets none of them. */
export function corsHeaders(request: Request, { cors }: Pick<HandlerOptions, 'cors'>): Record<string, string> {
  if (!cors) return {};
  const { origins } = cors;
  const exposed = { 'access-control-expose-headers': 'x-request-id, retry-after' };
  if (origins === '*') return { 'access-control-allow-origin': '*', ...exposed };
  const origin = request.headers.get('origin');
  if (origin === null || !origins.includes(origin)) return { vary: 'origin' };
  return { 'access-control-allow-origin': origin, vary: 'origin', ...exposed };
}

/** The answer to a browser's preflight request; `corsHeaders` are added to it. */
export function preflight(request: Request, methods: readonly string[]): Response {
  const wanted = request.headers.get('access-control-request-headers') ?? '';
  const headers = new Headers({ 'access-control-allow-methods': methods.join(', '), 'access-control-max-age': '7200' });
  // Cookies are not allowed, so a page can send only headers that it knows anyway.
  if (headerNames.test(wanted)) headers.set('access-control-allow-headers', wanted);
  return new Response(null, { status: 204, headers });
}
