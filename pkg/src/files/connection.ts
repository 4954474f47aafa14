import { abortedError, RerankError, type RerankErrorCode, throwIfAborted, withReason } from '../common/errors.js';
import { authorisedFetch } from './authorised-fetch.js';
import { parseRetryAfter, TransientError } from './retry.js';

/** A connection that sends nothing for this long counts as lost. */
const stallMilliseconds = 60_000;

/** A request ends if the caller's signal aborts, or if the server stays silent for too long. */
export interface RequestLimits {
  signal: AbortSignal | undefined;
  stallMilliseconds?: number;
  /** An access token for the origin of the URL. */
  token?: string | undefined;
}

/** The server answered, and its answer is not the file. */
export class AnswerError extends RerankError {
  readonly status: number;
  /** A hub's word for the reason, such as `GatedRepo`. */
  readonly reason: string | undefined;

  constructor(code: RerankErrorCode, message: string, { status, headers }: Pick<Response, 'status' | 'headers'>) {
    super(code, message);
    this.status = status;
    this.reason = headers.get('x-error-code') ?? undefined;
  }
}

/** One request and its answer under the limits. Its errors say which limit ended it. */
export class Connection {
  readonly #url: string;
  readonly #limits: RequestLimits;
  readonly #controller = new AbortController();
  readonly #abort = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stalled = false;

  constructor(url: string, limits: RequestLimits) {
    this.#url = url;
    this.#limits = limits;
  }

  /**
   * Sends the request. With a `range` header, HTTP 416 is an answer too.
   *
   * @throws `model_not_found` for HTTP 404 and 410, `aborted`, else `download_failed`; network errors, HTTP 429 and 5xx
   * are {@link TransientError}s, the other answers {@link AnswerError}s
   */
  async request(headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    throwIfAborted(this.#limits.signal);
    this.#limits.signal?.addEventListener('abort', this.#abort);
    try {
      this.#wind();
      const response = await this.#fetch(headers, method);
      clearTimeout(this.#timer);
      if (response.status !== 416 || !('range' in headers)) checkAnswer(response, this.#url);
      return response;
    } catch (error) {
      this.close();
      throw this.#explain(error);
    }
  }

  #fetch(headers: Record<string, string>, method: string): Promise<Response> {
    const { token } = this.#limits;
    const { signal } = this.#controller;
    if (token === undefined) return fetch(this.#url, { method, headers, signal });
    return authorisedFetch(this.#url, { method, headers, token, signal });
  }

  /** Yields the body in pieces. */
  async *body(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    try {
      const reader = response.body?.getReader();
      while (reader) {
        this.#wind();
        const { done, value } = await reader.read();
        clearTimeout(this.#timer);
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Compiles the body while it arrives. No event says how far it is, so it gets the time of several silences. */
  async compile(response: Response): Promise<WebAssembly.Module> {
    try {
      this.#wind(5);
      return await WebAssembly.compileStreaming(response);
    } catch (error) {
      throw error instanceof WebAssembly.CompileError ? error : this.#explain(error);
    }
  }

  /** Ends the connection and every call that waits for it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }

  #wind(silences = 1): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#stalled = true;
        this.#controller.abort();
      },
      silences * (this.#limits.stallMilliseconds ?? stallMilliseconds),
    );
  }

  #explain(cause: unknown): RerankError {
    if (cause instanceof RerankError) return cause;
    const { signal } = this.#limits;
    if (signal?.aborted) return abortedError(signal);
    const reason = this.#stalled ? 'the server stopped sending' : cause;
    const message = withReason(`${this.#url} could not be downloaded`, reason);
    // `blob:` URLs involve no network.
    if (!/^https?:/i.test(this.#url)) return new RerankError('download_failed', message, { cause });
    return new TransientError(message, { cause });
  }
}

function checkAnswer(response: Response, url: string): void {
  const { status, ok, headers } = response;
  const message = `${url} could not be downloaded: the server answered with HTTP ${status}`;
  if (status === 404 || status === 410) {
    throw new AnswerError('model_not_found', `${message}; check the URL.`, response);
  }
  if (status === 429 || status >= 500) {
    throw new TransientError(`${message}; try again later.`, {
      retryAfter: parseRetryAfter(headers.get('retry-after')),
      answered: true,
    });
  }
  if (!ok) throw new AnswerError('download_failed', `${message}; check the URL and the right to read it.`, response);
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) {
    throw new WebPageError(url, response);
  }
}

/** Passes the chunks on, unless they begin like a web page. Many servers send one instead of a missing file. */
export async function* refuseHtml<Chunk extends Uint8Array>(
  chunks: AsyncIterable<Chunk>,
  url: string,
): AsyncGenerator<Chunk> {
  let head = '';
  for await (const chunk of chunks) {
    if (head.length < 32) {
      head = (head + String.fromCharCode(...chunk.subarray(0, 64))).replace(/^(\u00ef\u00bb\u00bf)?\s+/, '');
      if (/^(\u00ef\u00bb\u00bf)?<(!doctype|html|head|body)\b/i.test(head)) {
        throw new WebPageError(url);
      }
    }
    yield chunk;
  }
}

/** The answer is a web page, as many servers send in place of a missing file. */
export class WebPageError extends AnswerError {
  constructor(url: string, response: Pick<Response, 'status' | 'headers'> = new Response()) {
    super('download_failed', `${url} is a web page, not a file of a model or engine; check the URL.`, response);
  }
}
