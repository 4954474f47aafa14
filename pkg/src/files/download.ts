import { RerankError } from '../common/errors.js';
import { Sha256 } from '../common/sha256.js';
import { Connection, type RequestLimits, refuseHtml } from './connection.js';
import type { OpenFile } from './local-files.js';
import { Retries, TransientError } from './retry.js';

/** How a file is downloaded. */
export interface DownloadOptions extends RequestLimits {
  /** True if the caller checks the whole file against a known hash. */
  pinned?: boolean;
  /** The beginning of the file, if an earlier download kept it. */
  kept?: KeptChunks | undefined;
}

/** The beginning of a file that was kept, with the version that it is of. */
export interface KeptChunks {
  size: number;
  version?: string | undefined;
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * Opens the file at `url`. A download that is cut goes on where it ended; the reader of the chunks does not see it.
 *
 * @throws `model_not_found` for HTTP 404 and 410, `download_failed`, `aborted`; the chunks throw the same
 */
export async function openUrl(url: string, options: DownloadOptions): Promise<OpenFile> {
  const download = new Download(url, options);
  const start = await download.start();
  return {
    ...start,
    exact: false,
    chunks: refuseHtml(download.chunks(), url),
    sha256: options.pinned ? undefined : () => download.sha256(),
    close: () => download.close(),
  };
}

/** A file that arrives over one connection or several. */
class Download {
  readonly #url: string;
  readonly #options: DownloadOptions;
  readonly #retries: Retries;
  /** Of all bytes so far. It shows whether a server that starts over sends the same file. */
  readonly #hash: Sha256 | undefined;
  #connection: Connection | undefined;
  #response: Response | undefined;
  /** The server's name for this version of the file, in a form that If-Range accepts. Other origins may hide it. */
  #version: string | undefined;
  /** The size that the first answer announced. */
  #size: number | undefined;
  #loaded = 0;
  #resumed = false;

  constructor(url: string, options: DownloadOptions) {
    this.#url = url;
    this.#options = options;
    this.#retries = new Retries(options.signal);
    this.#hash = options.pinned ? undefined : new Sha256();
  }

  /** Asks for the file, or for the rest of a file that was kept; `size` is what the server announces. */
  async start(): Promise<Pick<OpenFile, 'size' | 'resumed' | 'version'>> {
    const rest = await this.#requestRest();
    if (!rest) {
      const { headers } = this.#response ?? (await this.#request());
      this.#version = versionOf(headers);
      this.#size = sizeOf(headers);
    }
    return { size: this.#size, resumed: this.#resumed, version: this.#version };
  }

  /** Asks for what follows the kept part; returns false if the server does not send the rest of the same file. */
  async #requestRest(): Promise<boolean> {
    const { kept } = this.#options;
    if (!kept) return false;
    this.#loaded = kept.size;
    this.#version = kept.version;
    const range = this.#range();
    if ('range' in range) {
      const response = await this.#request(range);
      const total = this.#totalOf(response);
      if (total !== undefined && this.#isSameVersion(response)) {
        this.#size = total;
        this.#resumed = true;
        return true;
      }
      if (response.status !== 200) {
        this.#connection?.close();
        this.#response = undefined;
      }
    }
    this.#loaded = 0;
    return false;
  }

  /** Returns the size of the file if the answer is what follows the kept part; that may be nothing. */
  #totalOf({ status, headers }: Response): number | undefined {
    if (status !== 206 && status !== 416) return undefined;
    const range = headers.get('content-range');
    if (range === null && status === 206) {
      // Servers of other origins may hide the header.
      const rest = sizeOf(headers);
      return rest === undefined ? undefined : this.#loaded + rest;
    }
    const [, start, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(range ?? '') ?? [];
    return Number(start ?? total) === this.#loaded ? Number(total) : undefined;
  }

  /** False for an answer with a part that is, or may be, of another version. */
  #isSameVersion({ headers }: Response): boolean {
    if (this.#options.pinned) return true;
    const version = versionOf(headers);
    if (version !== undefined && isTag(version) === isTag(this.#version)) return version === this.#version;
    // A server that received If-Range compared the versions itself.
    return !isForeign(this.#url);
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#resumed) {
      for await (const chunk of this.#options.kept?.chunks ?? []) {
        this.#hash?.update(chunk);
        yield chunk;
      }
    }
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

  /** Returns the hash of all bytes so far. */
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
   * Returns headers that ask for the missing rest. A pinned file needs no If-Range: its hash shows whether both parts
   * are of one file. Without hash and version the request asks for the whole file.
   */
  #range(): Record<string, string> {
    const range = `bytes=${this.#loaded}-`;
    if (this.#loaded === 0) return {};
    if (this.#options.pinned) return { range };
    if (!this.#version) return {};
    // Servers of other origins must allow If-Range in a preflight, and few do. Their answer shows its version.
    return isForeign(this.#url) ? { range } : { range, 'if-range': this.#version };
  }

  /** Yields the bytes of the current connection that have not arrived before. */
  async *#rest(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const { connection, response } = this.#current();
    if (response.status === 416) {
      connection.close();
      this.#checkEnd(response);
      return;
    }
    const { start, total } = this.#partOf(response);
    if (response.status === 206 && !this.#isSameVersion(response)) throw this.#changed();
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
    if (this.#loaded < total)
      throw new TransientError(`${this.#url} ended early: ${this.#loaded} of ${total} bytes arrived; try again.`);
  }

  #current(): { connection: Connection; response: Response } {
    if (!this.#connection || !this.#response) throw new RerankError('internal', 'The download has not started.');
    return { connection: this.#connection, response: this.#response };
  }

  /**
   * Checks that the whole file has arrived: the connection was cut after the last byte, so the range is empty.
   *
   * @throws `download_failed`
   */
  #checkEnd({ headers }: Response): void {
    const [, total] = /^bytes \*\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    const size = total === undefined ? this.#size : Number(total);
    // Without a size, the hash of a pinned file decides, or the version that the server was asked for.
    if (size === undefined || size === this.#loaded) return;
    throw this.#notResumed(`the server answered with HTTP 416 after ${this.#loaded} of ${size} bytes`);
  }

  /** Returns where in the file an answer begins, and the least size of the file. */
  #partOf({ status, headers }: Response): { start: number; total: number } {
    if (status !== 206) return { start: 0, total: 0 };
    // Servers of other origins may hide the header.
    const [, start = this.#loaded, total = 0] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(start) !== this.#loaded) {
      throw this.#notResumed(`the part from byte ${this.#loaded} was asked for, and the server sent another part`);
    }
    return { start: this.#loaded, total: total === '*' ? 0 : Number(total) };
  }

  #changed(): RerankError {
    return new RerankError('download_failed', `${this.#url} changed while it was downloaded; try again.`);
  }

  #notResumed(reason: string): RerankError {
    return new RerankError('download_failed', `${this.#url} could not be resumed: ${reason}; try again.`);
  }
}

/** The part of a file that a connection repeats. It is skipped, and compared if its hash is known. */
class Prefix {
  /** Bytes that are still to be skipped. */
  missing: number;
  /** False once the repeated part turned out to differ. */
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

  /** Returns the part of the chunk that is not repeated. */
  skip(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.missing === 0) return chunk;
    const repeated = chunk.subarray(0, this.missing);
    this.#hash?.update(repeated);
    this.missing -= repeated.length;
    if (this.missing === 0) this.same = this.#hash?.digest() === this.#expected;
    return chunk.subarray(repeated.length);
  }
}

/** True if a browser asks a server of another origin. */
function isForeign(url: string): boolean {
  const origin = globalThis.location?.origin;
  return origin !== undefined && new URL(url).origin !== origin;
}

/** Returns a strong ETag, or the date if there is no ETag. If-Range accepts no weak ones. */
function versionOf(headers: Headers): string | undefined {
  const tag = headers.get('etag');
  if (tag !== null) return isTag(tag) ? tag : undefined;
  return headers.get('last-modified') ?? undefined;
}

function isTag(version: string | undefined): boolean {
  return version?.startsWith('"') ?? false;
}

/** Returns the size of the file, which a compressed body does not have. */
export function sizeOf(headers: Headers): number | undefined {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return !headers.has('content-encoding') && Number.isSafeInteger(length) && length > 0 ? length : undefined;
}
