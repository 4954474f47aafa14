/** A file that was opened: its size, if known, and its bytes in chunks of any length. */
export interface OpenFile {
  size: number | undefined;
  /** True if the size is a fact, false if a server announced it: compression can make that wrong. */
  exact: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** True if the chunks begin with those that the caller kept. */
  resumed?: boolean;
  /** The server's name for this version of the file, if it has one. */
  version?: string | undefined;
  /** Returns the hash of the bytes so far; set if the caller does not know the hash. */
  sha256?: (() => string) | undefined;
  /** Frees the source of the chunks, read or not. */
  close(): void;
}

/** A directory that may hold a model. */
export interface ModelDirectory {
  root: URL;
  /** Names the directory, for messages. */
  path: string;
  files: LocalFile[];
}

/** A file in a directory. */
export interface LocalFile {
  /** Its path below the directory, with slashes. */
  path: string;
  size: number;
}

/** A bundle at a path where a directory could be. */
export interface LocalBundle {
  bundle: URL;
}

/** A path, for messages, at which there is nothing. */
export interface NothingLocal {
  missing: string;
}

/** The port that this room needs of a platform's file system. */
export interface LocalFiles {
  /** True if something is at this path. */
  exists(path: string): Promise<boolean>;
  /** Returns the URL of a path; that of a directory ends in a slash. */
  urlOf(path: string): URL;
  open(url: URL, signal: AbortSignal | undefined): Promise<OpenFile>;
  /**
   * Lists the files that are in these folders of a directory: each is empty, for the directory itself, or ends in a
   * slash.
   */
  findModel(path: string | URL, folders: readonly string[]): Promise<ModelDirectory | LocalBundle | NothingLocal>;
}
