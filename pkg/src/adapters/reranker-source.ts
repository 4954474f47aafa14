import { createReranker } from 'rerank-wasm';

import { isObject } from '../common/kinds.js';
import type { Reranker, RerankerOptions, RerankOptions } from '../common/types.js';
import { SharedReranker } from '../reranker/shared.js';

/**
 * A reranker, which stays the caller's to dispose of, or what one is made with at the first use; that one stays for good.
 */
export type RerankerSource = Reranker | RerankerOptions;

/** How documents are read; see `RerankOptions`. */
export type ReadingOptions = Pick<RerankOptions, 'longDocuments' | 'maxTokens'>;

/** A function that gives the reranker. */
export function lazily(source: RerankerSource): () => Promise<Reranker> {
  if (isReranker(source)) return async () => source;
  const shared = new SharedReranker(createReranker);
  return () => shared.get(source);
}

export function isReranker(source: RerankerSource): source is Reranker {
  return isObject(source) && 'rerank' in source && typeof source.rerank === 'function';
}
