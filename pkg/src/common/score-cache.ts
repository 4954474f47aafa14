/** The score of a document under its key. It survives `JSON.stringify` without loss. */
export interface CachedScore {
  /** The model's raw output. */
  logit: number;
  /** Sigmoid of the logit. */
  score: number;
  /** Tokens of the pair, or of all its windows. */
  tokens: number;
  /** True if the document was cut to fit. */
  truncated: boolean;
  /** The window that counts, if there were several. */
  window?: { start: number; end: number };
}

/**
 * Keeps scores, so that a document is not scored again for a query. Each method may be asynchronous, and is called once
 * for a ranking.
 *
 * A key is a SHA-256 in hexadecimal digits. It stands for the query, the document's text, `maxTokens`, `longDocuments`
 * and the model. A model is recognised by its scores of fixed texts, so its keys are the same wherever its files are.
 *
 * @example
 * const kept = new Map();
 * const scoreCache = {
 *   get: (keys) => keys.map((key) => kept.get(key)),
 *   set: (entries) => {
 *     for (const [key, score] of entries) kept.set(key, score);
 *   },
 * };
 */
export interface ScoreCache {
  /** Returns the scores under these keys, in the order of the keys; `undefined` or `null` for a score that it lacks. */
  get(
    keys: readonly string[],
  ): readonly (CachedScore | null | undefined)[] | Promise<readonly (CachedScore | null | undefined)[]>;
  /** Keeps new scores. The ranking waits for the promise that it returns, if any. */
  set(entries: readonly (readonly [key: string, score: CachedScore])[]): void | Promise<void>;
}
