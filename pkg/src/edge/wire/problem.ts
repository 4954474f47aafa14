/** Every way to be refused: the HTTP status and the type that go with a code. Neither ever changes for a code. */
export const problems = {
  invalid_json: [400, 'invalid_request_error'],
  invalid_value: [422, 'invalid_request_error'],
  too_many_documents: [422, 'invalid_request_error'],
  too_many_tokens: [422, 'invalid_request_error'],
  invalid_api_key: [401, 'authentication_error'],
  insufficient_credits: [402, 'insufficient_credits'],
  model_not_found: [404, 'not_found'],
  endpoint_not_found: [404, 'not_found'],
  method_not_allowed: [405, 'invalid_request_error'],
  body_too_large: [413, 'invalid_request_error'],
  unsupported_media_type: [415, 'invalid_request_error'],
  rate_limit_exceeded: [429, 'rate_limit_error'],
  /** The client went away; nobody reads this answer, but logs count it. */
  request_aborted: [499, 'invalid_request_error'],
  internal_error: [500, 'server_error'],
  model_not_ready: [503, 'service_unavailable'],
  queue_full: [503, 'service_unavailable'],
} as const satisfies Record<string, readonly [status: number, type: string]>;

export type ProblemCode = keyof typeof problems;

/** What an answer says beside its code and message. */
export interface ProblemDetails {
  /** The field of the body that is wrong, such as `documents[3].text`. */
  param?: string;
  /** Whole seconds after which to try again. */
  retryAfter?: number;
  /** Other headers of the answer. */
  headers?: Record<string, string>;
  /** What broke, for `onError`; the client does not see it. */
  cause?: unknown;
}

/** A refusal. The message goes to the client as it is, so nothing that a user wrote may be in it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, message: string, details: ProblemDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  /** The answer, in the shape that OpenAI's clients read, with the two fields that Cohere's read on top. */
  toResponse(id: string): Response {
    const [status, type] = problems[this.code];
    const { param, retryAfter, headers } = this.details;
    const { code, message } = this;
    return Response.json(
      { id, message, error: { type, code, message, param: param ?? null } },
      {
        status,
        headers: { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` }) },
      },
    );
  }
}

/** The failure of a request whose client went away. */
export function abortedProblem(): Problem {
  return new Problem('request_aborted', 'the client closed the request');
}
