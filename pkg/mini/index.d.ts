interface PinnedFile {
  location: URL | ArrayBuffer;
  size: number;
  sha256: string;
}

/** The files of the mini model: `createReranker({ model: mini })`. */
declare const mini: {
  name: string;
  /** In workerd the tokenizer is in the engine's compact form, and `config` is missing. */
  files: { model: PinnedFile; tokenizer: PinnedFile | ArrayBuffer; config?: PinnedFile };
};

export default mini;
