/** A file that has been opened: its size where that is known, and its bytes in pieces. */
export interface OpenFile {
  size: number | undefined;
  /** True where the size is a fact; false where it is what a server says, which compression can falsify. */
  exact: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** Lets go of what lies behind the chunks, read or not. */
  close(): void;
}

/** Where a model's files lie in a directory. */
export interface ModelDirectory {
  model: URL;
  tokenizer: URL;
  config: URL;
}

/** What differs between the environments that the package runs in. */
export interface Platform {
  /** The compiled engine that ships with the package. */
  defaultEngine(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Lets the event loop turn, so that messages, aborts and painting get their chance. */
  pause(): Promise<void>;
  /** Access to local files, where there is any. */
  files?: {
    open(url: URL, signal: AbortSignal | undefined): Promise<OpenFile>;
    findModel(directory: string | URL): Promise<ModelDirectory>;
  };
  /** How to start a worker, and whether that is what one does here; absent where there are none. */
  workers?: {
    start(): Worker;
    preferred: boolean;
  };
}
