import { fileURLToPath } from 'node:url';

import { RerankError } from '../common/errors.js';
import type { ModelSource, Reranker } from '../common/types.js';
import { createReranker } from '../node.js';
import { warn } from './output.js';
import type { Progress } from './progress.js';

/** What stands for the small model of that package. */
export const embeddedName = 'mini';
const embeddedPackage: string = 'rerank-wasm-mini';

/** Values of the options that say which model is loaded, and how. */
export interface ModelValues {
  model?: string | undefined;
  hub?: string | undefined;
  'no-cache'?: boolean | undefined;
}

/**
 * The reranker that the options ask for; warnings go to standard error.
 *
 * @throws what `createReranker` throws
 */
export async function loadReranker(values: ModelValues, progress: Progress, signal: AbortSignal): Promise<Reranker> {
  const { model, hub, 'no-cache': uncached } = values;
  try {
    return await createReranker({
      model: model === embeddedName ? await embeddedModel() : model,
      hub,
      cache: uncached ? 'none' : 'auto',
      onProgress: progress.loading,
      onWarning: ({ message }) => {
        progress.end();
        warn(message);
      },
      signal,
    });
  } finally {
    progress.end();
  }
}

/**
 * Where the package with the small model lies.
 *
 * @throws `model_not_found` where it is not installed
 */
export function embeddedDirectory(): string {
  try {
    return fileURLToPath(new URL('.', import.meta.resolve(embeddedPackage)));
  } catch (cause) {
    throw notInstalled(cause);
  }
}

async function embeddedModel(): Promise<ModelSource> {
  try {
    return ((await import(embeddedPackage)) as { default: ModelSource }).default;
  } catch (cause) {
    throw notInstalled(cause);
  }
}

function notInstalled(cause: unknown): RerankError {
  return new RerankError('model_not_found', `${embeddedPackage} is not installed beside rerank-wasm`, { cause });
}
