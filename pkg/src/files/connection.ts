import { abortedError, messageOf, RerankError, throwIfAborted } from '../common/errors.js';
import { parseRetryAfter, TransientError } from './retry.js';

/** A connection that gives nothing for this long counts as lost. */
const stallMilliseconds = 60_000;

/** How a request is stopped: by the caller's signal, or by a silence that lasts too long. */
export interface RequestLimits {
  signal: AbortSignal | undefined;
  stallMilliseconds?: number;
}

/** One request and its answer under the limits; it says why it ended. */
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
   * HTTP 416 is an answer where a part was asked for.
   *
   * @throws `model_not_found` for HTTP 404 and 410, `download_failed`, which is a {@link TransientError} for network
   * errors, HTTP 429 and 5xx, and `aborted`
   */
  async request(headers: Record<string, string> = {}): Promise<Response> {
    throwIfAborted(this.#limits.signal);
    this.#limits.signal?.addEventListener('abort', this.#abort);
    try {
      this.#wind();
      const response = await fetch(this.#url, { headers, signal: this.#controller.signal });
      clearTimeout(this.#timer);
      if (response.status !== 416 || !('range' in headers)) checkAnswer(response, this.#url);
      return response;
    } catch (error) {
      this.close();
      throw this.#explain(error);
    }
  }

  /** The body in pieces. */
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

  /** The body compiled while it arrives; nothing tells how far it is, so it has the time of many silences. */
  async compile(response: Response): Promise<WebAssembly.Module> {
    try {
      this.#wind(5);
      return await WebAssembly.compileStreaming(response);
    } catch (error) {
      throw error instanceof WebAssembly.CompileError ? error : this.#explain(error);
    }
  }

  /** Ends the connection, if it has not ended, and all that waits for it. */
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
    const reason = this.#stalled ? 'the server has fallen silent' : messageOf(cause);
    const message = `${this.#url}: ${reason}`;
    // `blob:` URLs involve no network.
    if (!/^https?:/i.test(this.#url)) return new RerankError('download_failed', message, { cause });
    return new TransientError(message, { cause });
  }
}

function checkAnswer({ status, ok, headers }: Response, url: string): void {
  const message = `${url}: HTTP ${status}`;
  if (status === 404 || status === 410) throw new RerankError('model_not_found', message);
  if (status === 429 || status >= 500) {
    throw new TransientError(message, { retryAfter: parseRetryAfter(headers.get('retry-after')) });
  }
  if (!ok) throw new RerankError('download_failed', message);
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) throw webPage(url);
}

/** Passes the chunks on unless they begin like a web page, which many servers send for files that they do not have. */
export async function* refuseHtml<Chunk extends Uint8Array>(
  chunks: AsyncIterable<Chunk>,
  url: string,
): AsyncGenerator<Chunk> {
  let head = '';
  for await (const chunk of chunks) {
    if (head.length < 32) {
      head = (head + String.fromCharCode(...chunk.subarray(0, 64))).replace(/^(\u00ef\u00bb\u00bf)?\s+/, '');
      if (/^(\u00ef\u00bb\u00bf)?<(!doctype|html|head|body)\b/i.test(head)) throw webPage(url);
    }
    yield chunk;
  }
}

function webPage(url: string): RerankError {
  return new RerankError('download_failed', `${url}: the server sent a web page instead of the file`);
}
