/** A file that has been opened: its size where that is known, and its bytes in pieces. */
export interface OpenFile {
  size: number | undefined;
  /** True where the size is a fact; false where it is what a server says, which compression can falsify. */
  exact: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** The hash of the bytes so far, where nobody else knows what it must be. */
  sha256?: (() => string) | undefined;
  /** Lets go of what lies behind the chunks, read or not. */
  close(): void;
}

/** Where a model's files lie in a directory. */
export interface ModelDirectory {
  model: URL;
  tokenizer: URL;
  config: URL;
}

/** A bundle that was found in the place of a directory. */
export interface LocalBundle {
  bundle: URL;
}

/** What the package needs of a platform's file system. */
export interface LocalFiles {
  open(url: URL, signal: AbortSignal | undefined): Promise<OpenFile>;
  findModel(path: string | URL): Promise<ModelDirectory | LocalBundle>;
}
