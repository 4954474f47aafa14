import { fileURLToPath } from 'node:url';

import { RerankError } from '../common/errors.js';
import type { ModelSource } from '../common/model-source.js';
import type { Reranker } from '../common/types.js';
import { createReranker } from '../node.js';
import { warn } from './output.js';
import type { Progress } from './progress.js';

/** The name on the command line for the small model of that package. */
export const embeddedName = 'mini';
const embeddedPackage: string = 'rerank-wasm-mini';

/** The values of `modelOptions`. */
export interface ModelValues {
  model?: string | undefined;
  hub?: string | undefined;
  file?: string | undefined;
  token?: string | undefined;
  'no-cache'?: boolean | undefined;
}

/**
 * Creates the reranker of the options. Warnings go to standard error.
 *
 * @throws the errors of `createReranker`
 */
export async function loadReranker(values: ModelValues, progress: Progress, signal: AbortSignal): Promise<Reranker> {
  const { model, hub, file, token, 'no-cache': uncached } = values;
  try {
    return await createReranker({
      model: model === embeddedName ? await embeddedModel() : model,
      hub,
      file,
      token,
      cache: uncached ? 'none' : 'auto',
      // Nothing else runs in this process, and a worker takes time to start.
      worker: false,
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
 * Finds the directory of the package with the small model.
 *
 * @throws `model_not_found` if it is not installed
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
  const message = `The package ${embeddedPackage} is not installed beside rerank-wasm; install it for --model mini.`;
  return new RerankError('model_not_found', message, { cause });
}
