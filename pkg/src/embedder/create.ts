import type { Embedder, EmbedderOptions } from '../common/embedding.js';
import { RerankError } from '../common/errors.js';
import type { Platform } from '../engine/platform.js';
import { openModel } from '../opening/open.js';
import { ClientEmbedder } from './client.js';
import { checkEmbedderOptions } from './options.js';

/** `createEmbedder` for a platform. */
export async function createEmbedder(platform: Platform, options: EmbedderOptions | undefined): Promise<Embedder> {
  const { checked, use } = checkEmbedderOptions(options, platform.files);
  const { backend, embedding } = await openModel(platform, checked, use);
  if (!embedding) throw new RerankError('internal', 'The model was opened as a reranker.');
  return ClientEmbedder.of(backend, embedding);
}
