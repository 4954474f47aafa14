import type { EmbeddingUse } from './embedding-use.js';
import type { Blob, Response, URL } from './globals.js';

/** Bytes of a model file, or where to read them. */
export type FileLocation =
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | Blob
  /** `https:`, `blob:`, `data:`; in Node also `file:`. */
  | URL
  /** An absolute URL, written out. */
  | string
  /**
   * Opens the file, such as `() => env.ASSETS.fetch(url)` in a Cloudflare Worker. It is called whenever the file is
   * read. The engine then runs in place, because a function cannot be sent to a worker.
   */
  | (() => Response | Promise<Response>);

/** A model file with its expected size and hash. Both are checked before the file is used. */
export interface PinnedFile {
  /** Its bytes, or where they are. */
  location: FileLocation;
  /** Size in bytes. Progress is measured against it. */
  size?: number;
  /** SHA-256 of the whole file, 64 lower-case hexadecimal digits. */
  sha256?: string;
}

/** A file that was cut into several, as `rerank convert --shard` does. */
export interface ShardedFile {
  /** The parts, in their order. */
  shards: readonly FileLocation[];
  /** Size in bytes of the whole. */
  size?: number;
  /** SHA-256 of the whole, 64 lower-case hexadecimal digits. */
  sha256?: string;
}

/**
 * A model by its files. `rerank-wasm-mini` exports one; write your own for files that you host or hold.
 *
 * The reranker does not keep bytes alive that you release. It then cannot reload the model if the engine crashes.
 *
 * @example
 * const model = {
 *   name: 'my-reranker',
 *   files: {
 *     model: { location: 'https://example.org/model.onnx', size: 22_972_869 },
 *     tokenizer: 'https://example.org/tokenizer.json',
 *     config: 'https://example.org/config.json',
 *   },
 * };
 */
export interface ModelSource {
  /** Shown in progress and statistics. */
  name: string;
  /** Its files, or the one that holds them all. */
  files: ModelFiles | BundleFile;
  /** How `createEmbedder` uses the model. Rerankers have none. */
  embedding?: EmbeddingUse;
}

/** A model in one file, as `rerank convert` writes it. */
export interface BundleFile {
  /** The file, in one piece or in shards. */
  bundle: FileLocation | PinnedFile | ShardedFile;
}

/** The files of a model in Hugging Face's layout. */
export interface ModelFiles {
  /** The ONNX graph. Weights in a second file (`model.onnx_data`) are read from beside its URL. */
  model: FileLocation | PinnedFile;
  /** Hugging Face `tokenizer.json`. */
  tokenizer: FileLocation | PinnedFile;
  /** Hugging Face `config.json`. It says how many tokens the model takes; without it, 512. */
  config?: FileLocation | PinnedFile;
}
