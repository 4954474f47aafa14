/**
 * How the vectors of all tokens become one vector. `'cls'` takes that of the first token, `'lasttoken'` that of the last.
 * `'mean'` takes the mean, and `'max'` the largest number of each column.
 */
export type Pooling = 'cls' | 'mean' | 'max' | 'lasttoken';

export const poolings = ['cls', 'mean', 'max', 'lasttoken'] as const satisfies readonly Pooling[];

/** What is put before a text, by what the text is for. */
export interface EmbeddingPrompts {
  /** Before a query. */
  query?: string;
  /** Before a document. */
  document?: string;
}

/** How an embedding model is used. A repository of Sentence Transformers says it in its own files. */
export interface EmbeddingUse {
  /** How the vectors of all tokens become one. */
  pooling?: Pooling;
  /** What is put before texts. */
  prompts?: EmbeddingPrompts;
  /** Longest text in tokens that the model was made for. */
  maxTokens?: number;
}
