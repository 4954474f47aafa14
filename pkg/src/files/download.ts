import { RerankError } from '../common/errors.js';
import { Sha256 } from '../common/sha256.js';
import { Connection, type RequestLimits, refuseHtml } from './connection.js';
import type { OpenFile } from './local-files.js';
import { Retries, TransientError } from './retry.js';

/** How a file is downloaded. */
export interface DownloadOptions extends RequestLimits {
  /** True where the caller checks the whole file against a hash that it knows. */
  pinned?: boolean;
}

/**
 * Opens the file at `url`. A connection that is cut is resumed where it ended, as if nothing had been.
 *
 * @throws `model_not_found` for HTTP 404 and 410, `download_failed`, `aborted`; so do the chunks
 */
export async function openUrl(url: string, options: DownloadOptions): Promise<OpenFile> {
  const download = new Download(url, options);
  const size = await download.start();
  return {
    size,
    exact: false,
    chunks: refuseHtml(download.chunks(), url),
    sha256: options.pinned ? undefined : () => download.sha256(),
    close: () => download.close(),
  };
}

/** A file on its way, over as many connections as it takes. */
class Download {
  readonly #url: string;
  readonly #options: DownloadOptions;
  readonly #retries: Retries;
  /** Of what has been given out; tells whether a server that starts over sends the same file. */
  readonly #hash: Sha256 | undefined;
  #connection: Connection | undefined;
  #response: Response | undefined;
  /** What the server calls this version of the file, in a form that If-Range takes. */
  #version: string | undefined;
  /** What the server said when it began. */
  #size: number | undefined;
  #loaded = 0;

  constructor(url: string, options: DownloadOptions) {
    this.#url = url;
    this.#options = options;
    this.#retries = new Retries(options.signal);
    this.#hash = options.pinned ? undefined : new Sha256();
  }

  /** Asks for the file; gives the size that the server says it has. */
  async start(): Promise<number | undefined> {
    const { headers } = await this.#request();
    this.#version = isForeign(this.#url) ? undefined : versionOf(headers);
    this.#size = sizeOf(headers);
    return this.#size;
  }

  async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (;;) {
      try {
        yield* this.#rest();
        return;
      } catch (error) {
        await this.#retry(error);
      }
      await this.#request(this.#range());
    }
  }

  /** Of all that has been given out. */
  sha256(): string {
    return this.#hash?.digest() ?? '';
  }

  close(): void {
    this.#connection?.close();
  }

  async #request(headers: Record<string, string> = {}): Promise<Response> {
    for (;;) {
      this.#connection = new Connection(this.#url, this.#options);
      try {
        this.#response = await this.#connection.request(headers);
        return this.#response;
      } catch (error) {
        await this.#retry(error);
      }
    }
  }

  async #retry(error: unknown): Promise<void> {
    this.#connection?.close();
    await this.#retries.wait(error);
  }

  /**
   * Headers that ask for what has not come yet. A hash that is known finds out whether both parts are of one file, so a
   * pinned file needs no If-Range. Without hash and version the file is asked for from its beginning.
   */
  #range(): Record<string, string> {
    const range = `bytes=${this.#loaded}-`;
    if (this.#loaded === 0) return {};
    if (this.#options.pinned) return { range };
    return this.#version ? { range, 'if-range': this.#version } : {};
  }

  /** What the present connection gives, without what came before. */
  async *#rest(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const { connection, response } = this.#current();
    if (response.status === 416) {
      connection.close();
      this.#checkEnd(response);
      return;
    }
    const { start, total } = this.#partOf(response);
    const prefix = new Prefix(this.#loaded - start, this.#hash);
    for await (const chunk of connection.body(response)) {
      const fresh = prefix.skip(chunk);
      if (!prefix.same) throw this.#changed();
      if (fresh.length === 0) continue;
      this.#loaded += fresh.length;
      this.#retries.advance(fresh.length);
      this.#hash?.update(fresh);
      yield fresh;
    }
    if (prefix.missing > 0) throw this.#changed();
    if (this.#loaded < total) throw new TransientError(`${this.#url}: ${this.#loaded} of ${total} bytes came`);
  }

  #current(): { connection: Connection; response: Response } {
    if (!this.#connection || !this.#response) throw new RerankError('internal', 'the download has not started');
    return { connection: this.#connection, response: this.#response };
  }

  /**
   * Checks that there is nothing to be had because all has come: the connection was cut behind the last byte.
   *
   * @throws `download_failed`
   */
  #checkEnd({ headers }: Response): void {
    const [, total] = /^bytes \*\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    const size = total === undefined ? this.#size : Number(total);
    // Where nobody tells the size, the hash of a pinned file decides, or the version for which the server answered.
    if (size === undefined || size === this.#loaded) return;
    throw new RerankError('download_failed', `${this.#url}: HTTP 416 after ${this.#loaded} of ${size} bytes`);
  }

  /** Where in the file an answer begins, and the least that the file has. */
  #partOf({ status, headers }: Response): { start: number; total: number } {
    if (status !== 206) return { start: 0, total: 0 };
    // Servers of other origins may hide the header.
    const [, start = this.#loaded, total = 0] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(start) !== this.#loaded) {
      throw new RerankError('download_failed', `${this.#url}: the server sent another part than it was asked for`);
    }
    return { start: this.#loaded, total: total === '*' ? 0 : Number(total) };
  }

  #changed(): RerankError {
    return new RerankError('download_failed', `${this.#url}: the file changed while it was downloaded`);
  }
}

/** What a connection repeats of a file: it is left out, and compared where its hash is known. */
class Prefix {
  /** Bytes that are still to be left out. */
  missing: number;
  /** False once the repeated part has turned out to be another. */
  same = true;
  readonly #expected: string | undefined;
  readonly #hash: Sha256 | undefined;

  constructor(bytes: number, hash: Sha256 | undefined) {
    this.missing = bytes;
    if (bytes > 0 && hash) {
      this.#expected = hash.digest();
      this.#hash = new Sha256();
    }
  }

  /** The part of the chunk that is not repeated. */
  skip(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.missing === 0) return chunk;
    const repeated = chunk.subarray(0, this.missing);
    this.#hash?.update(repeated);
    this.missing -= repeated.length;
    if (this.missing === 0) this.same = this.#hash?.digest() === this.#expected;
    return chunk.subarray(repeated.length);
  }
}

/** True where a browser asks a server of another origin, which has to agree to If-Range beforehand; few do. */
function isForeign(url: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && new URL(url).origin !== origin;
}

/** A strong ETag or, without one, a date: If-Range takes no weak ones. */
function versionOf(headers: Headers): string | undefined {
  const tag = headers.get('etag');
  if (tag !== null) return tag.startsWith('"') ? tag : undefined;
  return headers.get('last-modified') ?? undefined;
}

/** The size of the file, which is not that of a compressed body. */
function sizeOf(headers: Headers): number | undefined {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return !headers.has('content-encoding') && Number.isSafeInteger(length) && length > 0 ? length : undefined;
}
