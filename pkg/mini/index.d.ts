interface PinnedFile {
  location: URL | ArrayBuffer;
  size: number;
  sha256: string;
}

/**
 * The files of the mini model.
 *
 * @example
 * const reranker = await createReranker({ model: mini });
 */
declare const mini: {
  name: string;
  /** In workerd the tokenizer has the engine's compact form, and there is no `config`. */
  files: { model: PinnedFile; tokenizer: PinnedFile | ArrayBuffer; config?: PinnedFile };
};

export default mini;
