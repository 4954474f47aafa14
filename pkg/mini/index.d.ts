/** Any object stands for the instances of a class that the project's types lack. To the compiler, all keys are theirs. */
type Known<Instance> = string extends keyof Instance ? object : Instance;
/** @ts-ignore: The project's types may lack it. */
type Address = Known<URL>;

interface PinnedFile {
  /** In a bundle that does not know its address, the path beside it, which is of no use by itself. */
  location: Address | ArrayBuffer | string;
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
