/** A file that was opened: its size, if known, and its bytes in pieces. */
export interface OpenFile {
  size: number | undefined;
  /** True if the size is a fact, false if a server announced it: compression can make that wrong. */
  exact: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** Returns the hash of the bytes so far; set if the caller does not know the hash. */
  sha256?: (() => string) | undefined;
  /** Frees the source of the chunks, read or not. */
  close(): void;
}

/** The files of a model in a directory. */
export interface ModelDirectory {
  model: URL;
  tokenizer: URL;
  config: URL;
}

/** A bundle at a path where a directory could be. */
export interface LocalBundle {
  bundle: URL;
}

/** The port that this room needs of a platform's file system. */
export interface LocalFiles {
  /** True if something is at this path. */
  exists(path: string): Promise<boolean>;
  open(url: URL, signal: AbortSignal | undefined): Promise<OpenFile>;
  findModel(path: string | URL): Promise<ModelDirectory | LocalBundle>;
}
