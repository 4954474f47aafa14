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
 * bge-small-en-v1.5 as one file, and how it is used.
 *
 * @example
 * const embedder = await createEmbedder({ model: recall });
 */
declare const recall: {
  name: string;
  files: { bundle: PinnedFile };
  embedding: { pooling: 'cls'; prompts: { query: string }; maxTokens: number };
};

export default recall;
