import { createEmbedder } from 'rerank-wasm';

import { checkOptions } from '../common/check.js';
import type { Embedder, EmbedderOptions, EmbedOptions } from '../common/embedding.js';
import { isObject } from '../common/kinds.js';
import { checkEmbedderOptions, checkEmbedOptions } from '../embedder/options.js';
import { SharedModel } from '../opening/shared.js';

/** An embedder, which the caller disposes of, or the options of one. The first use creates it from options; it stays loaded. */
export type EmbedderSource = Embedder | EmbedderOptions;

/**
 * Checks options of an adapter, so that a wrong one fails where it is written.
 *
 * @throws `invalid_input`
 */
export function checkEmbedding<Options extends EmbedOptions>(
  options: Options,
  known: readonly (keyof Options & string)[],
  where: string,
): Options {
  checkEmbedOptions(checkOptions(options, known, where));
  return options;
}

/**
 * Returns a function that returns the embedder.
 *
 * @throws `invalid_input`
 */
export function lazyEmbedder(source: EmbedderSource): () => Promise<Embedder> {
  if (isEmbedder(source)) return async () => source;
  checkEmbedderOptions(source);
  const shared = new SharedModel(createEmbedder);
  return () => shared.get(source);
}

export function isEmbedder(source: EmbedderSource): source is Embedder {
  return isObject(source) && 'embed' in source && typeof source.embed === 'function';
}
