import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { RerankError, withReason } from '../../common/errors.js';
import { unreadable } from '../text-files.js';
import type { InputFile, OutputFile } from './converter-bindings.js';

/** A file that the converter reads at any position. */
export class ReadableFile implements InputFile {
  readonly size: number;
  /** The error of the last read that failed. */
  failure: RerankError | undefined;
  readonly #descriptor: number;
  readonly #path: string;
  readonly #onRead: (bytes: number, size: number) => void;
  #read = 0;

  /** @throws `invalid_input` */
  constructor(path: string, onRead: (bytes: number, size: number) => void) {
    this.#path = path;
    this.#onRead = onRead;
    try {
      this.#descriptor = openSync(path, 'r');
      this.size = fstatSync(this.#descriptor).size;
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  read(buffer: Uint8Array, position: number): number {
    try {
      const length = readSync(this.#descriptor, buffer, 0, buffer.length, position);
      this.#read += length;
      this.#onRead(Math.min(this.#read, this.size), this.size);
      return length;
    } catch (cause) {
      this.failure = unreadable(this.#path, cause);
      throw this.failure;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The output of the converter: files of at most `limit` bytes with the names 0, 1 and so on. */
export class WritableFiles implements OutputFile {
  /** The error of the last write that failed. */
  failure: RerankError | undefined;
  onWritten: ((bytes: number) => void) | undefined;
  readonly #folder: string;
  readonly #limit: number;
  readonly #hash = createHash('sha256');
  #descriptor: number | undefined;
  #files = 0;
  /** Bytes in the open file, and in all files. */
  #inFile = 0;
  #bytes = 0;

  constructor(folder: string, limit = Number.POSITIVE_INFINITY) {
    this.#folder = folder;
    this.#limit = limit;
  }

  write(bytes: Uint8Array): void {
    try {
      this.#hash.update(bytes);
      for (let start = 0; start < bytes.length; ) {
        const descriptor = this.#openFile();
        const end = Math.min(bytes.length, start + this.#limit - this.#inFile);
        const written = writeSync(descriptor, bytes, start, end - start);
        start += written;
        this.#inFile += written;
        this.#bytes += written;
        this.onWritten?.(this.#bytes);
      }
    } catch (cause) {
      this.failure = new RerankError('unsupported_environment', withReason('The output cannot be written', cause));
      throw this.failure;
    }
  }

  /** Closes the last file and returns what was written. */
  end(): { files: number; bytes: number; sha256: string } {
    this.#closeFile();
    return { files: this.#files, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  #openFile(): number {
    if (this.#inFile >= this.#limit) this.#closeFile();
    if (this.#descriptor === undefined) {
      this.#descriptor = openSync(join(this.#folder, String(this.#files)), 'wx');
      this.#files += 1;
      this.#inFile = 0;
    }
    return this.#descriptor;
  }

  #closeFile(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
