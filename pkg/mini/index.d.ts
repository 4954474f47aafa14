interface PinnedFile {
  location: URL | ArrayBuffer;
  size: number;
  sha256: string;
}

/** The files of the mini model: `createReranker({ model: mini })`. */
declare const mini: {
  name: string;
  files: { model: PinnedFile; tokenizer: PinnedFile; config: PinnedFile };
};

export default mini;
