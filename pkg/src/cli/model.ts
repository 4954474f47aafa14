import { fileURLToPath } from 'node:url';
import type { Embedder } from '../common/embedding.js';
import { RerankError } from '../common/errors.js';
import type { ModelOptions } from '../common/loading.js';
import type { ModelSource } from '../common/model-source.js';
import type { Reranker } from '../common/types.js';
import { createEmbedder, createReranker } from '../node.js';
import { warn } from './output.js';
import type { Progress } from './progress.js';

/** The names on the command line for the models of packages. */
export const embeddedName = 'mini';
const embeddedEmbedderName = 'recall';
const embeddedPackage: string = 'rerank-wasm-mini';
const embeddedEmbedderPackage: string = 'rerank-wasm-recall';

/** The values of `modelOptions`. */
export interface ModelValues {
  model?: string | undefined;
  hub?: string | undefined;
  file?: string | undefined;
  token?: string | undefined;
  'no-cache'?: boolean | undefined;
}

/** `modelOptions` with an embedding model. */
export interface EmbedderValues extends Omit<ModelValues, 'model' | 'file'> {
  embedder?: string | undefined;
}

/**
 * Creates the reranker of the options. Warnings go to standard error.
 *
 * @throws the errors of `createReranker`
 */
export async function loadReranker(values: ModelValues, progress: Progress, signal: AbortSignal): Promise<Reranker> {
  const { model, file } = values;
  const given = model === embeddedName ? await modelOf(embeddedPackage, embeddedName) : model;
  return createReranker({ model: given, file, ...loadingOf(values, progress, signal) }).finally(() => progress.end());
}

/**
 * Creates the embedder of the options. Warnings go to standard error.
 *
 * @throws the errors of `createEmbedder`
 */
export async function loadEmbedder(values: EmbedderValues, progress: Progress, signal: AbortSignal): Promise<Embedder> {
  const { embedder } = values;
  const isEmbedded = embedder === embeddedEmbedderName;
  const model = isEmbedded ? await modelOf(embeddedEmbedderPackage, embeddedEmbedderName) : embedder;
  return createEmbedder({ model, ...loadingOf(values, progress, signal) }).finally(() => progress.end());
}

function loadingOf(
  { hub, token, 'no-cache': uncached }: Omit<ModelValues, 'model' | 'file'>,
  progress: Progress,
  signal: AbortSignal,
) {
  return {
    hub,
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
  } satisfies ModelOptions;
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

async function modelOf(name: string, word: string): Promise<ModelSource> {
  try {
    return ((await import(name)) as { default: ModelSource }).default;
  } catch (cause) {
    throw notInstalled(cause, name, word);
  }
}

function notInstalled(cause: unknown, name = embeddedPackage, word = embeddedName): RerankError {
  const message = `The package ${name} is not installed beside rerank-wasm; install it for the model ${word}.`;
  return new RerankError('model_not_found', message, { cause });
}
