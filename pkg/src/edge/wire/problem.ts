/** The codes of all refusals, each with its HTTP status and its type. Neither changes for a code. */
export const problems = {
  invalid_json: [400, 'invalid_request_error'],
  invalid_value: [422, 'invalid_request_error'],
  unknown_field: [422, 'invalid_request_error'],
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
  /** The client went away. It reads no answer, but logs count it. */
  request_aborted: [499, 'invalid_request_error'],
  internal_error: [500, 'server_error'],
  model_not_ready: [503, 'service_unavailable'],
  queue_full: [503, 'service_unavailable'],
} as const satisfies Record<string, readonly [status: number, type: string]>;

export type ProblemCode = keyof typeof problems;

/** The words of text-embeddings-inference for the types that are not the client's fault. */
const teiTypes: Readonly<Record<string, string>> = {
  rate_limit_error: 'overloaded',
  server_error: 'backend',
  service_unavailable: 'overloaded',
};

/** The parts of an answer beside its code and message. */
export interface ProblemDetails {
  /** The wrong field of the body, such as `documents[3].text`. */
  param?: string;
  /** Whole seconds until the next try. */
  retryAfter?: number;
  /** Other headers of the answer. */
  headers?: Record<string, string>;
  /** The error behind it, for `onError`; the client does not see it. */
  cause?: unknown;
}

/** A refusal. The client receives its message, which must contain nothing that a user wrote. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, message: string, details: ProblemDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  /**
   * The answer in the shape of OpenAI's clients. At the top are fields that others read: Cohere's `id` and `message`,
   * Voyage's `detail`, text-embeddings-inference's `error_type`.
   */
  toResponse(id: string): Response {
    const [status, type] = problems[this.code];
    const { param, retryAfter, headers } = this.details;
    const { code, message } = this;
    return Response.json(
      {
        id,
        message,
        detail: message,
        error: { type, code, message, param: param ?? null },
        error_type: teiTypes[type] ?? 'validation',
      },
      {
        status,
        headers: { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` }) },
      },
    );
  }
}

/** The failure of a request after its client went away. */
export function abortedProblem(): Problem {
  return new Problem('request_aborted', 'The client closed the request.');
}
