import type { EmbeddingUse } from '../common/embedding-use.js';
import { RerankError } from '../common/errors.js';
import type { EmbeddingFacts } from './embedding/facts.js';
import type { HubSubject } from './hub/problems.js';
import type { PlainLocation } from './location.js';

/** A model with its weights must stay below what WebAssembly can address, beside the engine's own memory. */
export const addressableBytes = 2 ** 32 - 2 ** 26;

/** A file of a model with its role. */
export interface ResolvedFile {
  role: 'model' | 'data' | 'tokenizer' | 'config' | 'bundle';
  location: PlainLocation;
  /** The further parts of a file that was cut into several. */
  more?: PlainLocation[];
  size?: number | undefined;
  sha256?: string | undefined;
  /** True if the model loads without the file, should it be missing. */
  optional?: boolean;
  /**
   * The repository that the location is in, with the token for it. The token goes to a worker with the file; messages,
   * events and the cache never hold it.
   */
  origin?: HubSubject | undefined;
  /** Facts about the files beside a graph that may hold its weights, by name. */
  beside?: Record<string, FileFacts> | undefined;
  /** Another graph of the same repository or directory that the engine can run. */
  other?: OtherGraph | undefined;
}

/** True for the error of a missing file that the model loads without. */
export function isDispensable({ optional }: ResolvedFile, error: unknown): boolean {
  return optional === true && error instanceof RerankError && error.code === 'model_not_found';
}

/** The size and hash that a file must have. */
export interface FileFacts {
  size?: number | undefined;
  sha256?: string | undefined;
}

/** A graph beside the one that was chosen. */
export interface OtherGraph {
  path: string;
  /** True for int8 weights, which are the fastest. */
  int8: boolean;
}

/** A model's files in the order of reading: a wrong small file fails before a large one is downloaded. */
export interface ResolvedModel {
  name: string;
  files: ResolvedFile[];
  /** What the caller's `ModelSource` says about an embedding model. */
  use?: EmbeddingUse;
  /** How the model turns texts into vectors; undefined for a reranker. */
  embedding?: EmbeddingFacts;
}
