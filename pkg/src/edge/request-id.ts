const sane = /^[\w.:-]{1,128}$/;

/** The id that the client gave in `x-request-id` where it is fit for logs and headers, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id');
  return given !== null && sane.test(given) ? given : crypto.randomUUID();
}
