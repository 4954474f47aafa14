import { createReranker } from 'rerank-wasm';

import { checkOptions } from '../common/check.js';
import { isObject } from '../common/kinds.js';
import type { Reranker, RerankerOptions, RerankOptions } from '../common/types.js';
import { SharedModel } from '../opening/shared.js';
import { checkRerankerOptions, checkRerankOptions } from '../reranker/options.js';

/**
 * A reranker, which the caller disposes of, or the options of one. The first use creates a reranker from options; it
 * stays loaded.
 */
export type RerankerSource = Reranker | RerankerOptions;

/** How much of a document is read, and which scores suffice; see `RerankOptions`. */
export type ReadingOptions = Pick<RerankOptions, 'longDocuments' | 'maxTokens' | 'minScore'>;

/**
 * Checks options of an adapter, so that a wrong one fails where it is written.
 *
 * @throws `invalid_input`
 */
export function checkReading<Options extends RerankOptions>(
  options: Options,
  known: readonly (keyof Options & string)[],
  where: string,
): Options {
  checkRerankOptions(checkOptions(options, known, where));
  return options;
}

/**
 * Returns a function that returns the reranker.
 *
 * @throws `invalid_input`
 */
export function lazily(source: RerankerSource): () => Promise<Reranker> {
  if (isReranker(source)) return async () => source;
  checkRerankerOptions(source);
  const shared = new SharedModel(createReranker);
  return () => shared.get(source);
}

export function isReranker(source: RerankerSource): source is Reranker {
  return isObject(source) && 'rerank' in source && typeof source.rerank === 'function';
}
