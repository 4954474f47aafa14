import { createReranker } from 'rerank-wasm';

import { isObject } from '../kinds.js';
import type { Reranker, RerankerOptions, RerankOptions } from '../types.js';

/**
 * A reranker, which stays the caller's to dispose of, or what one is made with at the first use; that one stays for good.
 */
export type RerankerSource = Reranker | RerankerOptions;

/** How documents are read; see `RerankOptions`. */
export type ReadingOptions = Pick<RerankOptions, 'longDocuments' | 'maxTokens'>;

/** A function that gives the reranker. A creation that failed is not kept: the next call starts afresh. */
export function lazily(source: RerankerSource): () => Promise<Reranker> {
  let made: Promise<Reranker> | undefined;
  return async () => {
    if (isReranker(source)) return source;
    const making = made ?? createReranker(source);
    made = making;
    try {
      return await making;
    } catch (error) {
      if (made === making) made = undefined;
      throw error;
    }
  };
}

export function isReranker(source: RerankerSource): source is Reranker {
  return isObject(source) && 'rerank' in source && typeof source.rerank === 'function';
}
