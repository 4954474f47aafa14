import { untilAborted } from '../common/deferred.js';
import { throwIfAborted, toRerankError } from '../common/errors.js';
import type { OpenFile } from '../files/local-files.js';
import { describeLocation, type RemoteFile, type SourceLocation } from '../files/location.js';
import { openLocation } from '../files/open.js';
import type { ResolvedFile, ResolvedModel } from '../files/resolved.js';
import {
  type FileAt,
  type PlainError,
  plainError,
  revivedError,
  type SentLocation,
  type SentModel,
} from './protocol.js';
import { Requests } from './rpc.js';

/** A request from a worker for a file that this side holds. At most one file is open in a port. */
type FileCall = 'open' | 'next' | 'close';

interface FileRequest {
  id: number;
  call: FileCall;
  /** The buffer of an earlier piece, which has been read. */
  spent: ArrayBuffer | undefined;
}

interface Answer {
  id: number;
  value?: unknown;
  failure?: PlainError;
}

/** A file that the other side opened, without its bytes. */
type OpenedFile = Pick<OpenFile, 'size' | 'exact'>;

/** A model that is ready to be posted, with the ports that go along. */
export interface SendableModel {
  model: SentModel;
  ports: MessagePort[];
  /** Closes the files. The other side closes the ports. */
  stop(): void;
}

/**
 * Prepares a model for a worker. Bytes reach the worker in pieces, when it asks for them. A copy of a large model would
 * take its memory again and block this thread.
 */
export function sendable({ files, ...facts }: ResolvedModel): SendableModel {
  const ports: MessagePort[] = [];
  const stops: (() => void)[] = [];
  const send = (location: ResolvedFile['location']): SentLocation => {
    if (!isHeld(location)) return location as string | Blob;
    const { port1, port2 } = new MessageChannel();
    ports.push(port2);
    stops.push(serveFile(location as SourceLocation, port1));
    return { port: port2, description: describeLocation(location) };
  };
  return {
    model: { ...facts, files: relocated(files, send) },
    ports,
    stop: () => stops.forEach((stop) => void stop()),
  };
}

/** Restores a model that arrived in a worker. `close` ends its use; call it when the load has settled. */
export function received({ files, ...facts }: SentModel): { model: ResolvedModel; close(): void } {
  const ports: MessagePort[] = [];
  const restore = (location: SentLocation): ResolvedFile['location'] => {
    if (typeof location === 'string' || !('port' in location)) return location;
    ports.push(location.port);
    return new PortFile(location.port, location.description);
  };
  return {
    model: { ...facts, files: relocated(files, restore) },
    close: () => ports.forEach((port) => void port.close()),
  };
}

/** Changes the locations of all parts of the files. */
function relocated<From, To>(files: FileAt<From>[], change: (location: From) => To): FileAt<To>[] {
  return files.map(({ location, more, ...facts }) => ({
    ...facts,
    location: change(location),
    ...(more && { more: more.map(change) }),
  }));
}

/** True for what would be copied whole, and for what only this thread can open. */
function isHeld(location: ResolvedFile['location']): boolean {
  if (typeof location === 'string') return /^(data|blob):/i.test(location);
  return typeof location === 'function' || ArrayBuffer.isView(location) || !isCloneable(location);
}

/** False for the Blobs that Node makes of files. */
function isCloneable(location: unknown): boolean {
  try {
    structuredClone(location);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets the other side of `port` read the file, until the other side closes the port.
 *
 * @returns a function that ends this: it closes the file, and every later call fails
 */
function serveFile(location: SourceLocation, port: MessagePort): () => void {
  let opened: OpenFile | undefined;
  let chunks: AsyncIterator<Uint8Array, unknown> | undefined;
  const stop = new AbortController();
  const { signal } = stop;

  function close(): void {
    // A stream that is read can only be cancelled by its reader.
    chunks?.return?.().catch(() => {});
    opened?.close();
    opened = undefined;
    chunks = undefined;
  }

  async function answer(call: FileCall): Promise<unknown> {
    if (call === 'next') return nextOf(chunks);
    close();
    if (call === 'close') return undefined;
    opened = await openLocation({ location }, undefined, undefined);
    chunks = opened.chunks[Symbol.asyncIterator]();
    if (signal.aborted) opened.close();
    return { size: opened.size, exact: opened.exact } satisfies OpenedFile;
  }

  port.onmessage = async ({ data: { id, call, spent } }: MessageEvent<FileRequest>) => {
    try {
      throwIfAborted(signal);
      // A function of the caller may never answer.
      const value = await untilAborted(answer(call), signal);
      // A view is posted with its whole buffer, which is the caller's.
      const sent = value instanceof Uint8Array ? copyOf(value, spent) : value;
      port.postMessage({ id, value: sent } satisfies Answer, sent instanceof Uint8Array ? [sent.buffer] : []);
    } catch (error) {
      port.postMessage({ id, failure: plainError(toRerankError(error)) } satisfies Answer);
    }
  };
  return () => {
    stop.abort();
    close();
  };
}

/** Copies bytes into a buffer that the other side has read, if it has their size: new ones would be much garbage. */
function copyOf(bytes: Uint8Array, spent: ArrayBuffer | undefined): Uint8Array<ArrayBuffer> {
  if (spent?.byteLength !== bytes.length) return new Uint8Array(bytes);
  const copy = new Uint8Array(spent);
  copy.set(bytes);
  return copy;
}

async function nextOf(chunks: AsyncIterator<Uint8Array, unknown> | undefined): Promise<Uint8Array | undefined> {
  const next = await chunks?.next();
  return next?.done ? undefined : next?.value;
}

/** A file that the other side of a port serves. */
class PortFile implements RemoteFile {
  readonly description: string;
  readonly #port: MessagePort;
  readonly #requests = new Requests();

  constructor(port: MessagePort, description: string) {
    this.description = description;
    this.#port = port;
    port.onmessage = ({ data: { id, value, failure } }: MessageEvent<Answer>) => {
      const request = this.#requests.take(id);
      if (failure) request?.answer.reject(revivedError(failure));
      else request?.answer.resolve(value);
    };
  }

  async open(): Promise<OpenFile> {
    const { size, exact } = (await this.#ask('open')) as OpenedFile;
    return { size, exact, chunks: this.#chunks(), close: () => void this.#ask('close').catch(() => {}) };
  }

  /** Asks for the next piece while the caller works on the last one, which is valid until the caller asks again. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    let next = this.#next();
    let spent: ArrayBuffer | undefined;
    for (;;) {
      const chunk = await next;
      if (!chunk) return;
      next = this.#next(spent);
      // The caller may stop here; then nothing awaits this promise.
      next.catch(() => {});
      yield chunk;
      spent = chunk.buffer;
    }
  }

  async #next(spent?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return (await this.#ask('next', spent)) as Uint8Array<ArrayBuffer> | undefined;
  }

  #ask(call: FileCall, spent?: ArrayBuffer): Promise<unknown> {
    const post = (id: number) =>
      this.#port.postMessage({ id, call, spent } satisfies FileRequest, spent ? [spent] : []);
    return this.#requests.ask({ watch: undefined, post });
  }
}
