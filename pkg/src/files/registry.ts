/** A file of a published model: its path in the repository and, if the model is pinned, its size and hash. */
export interface PublishedFile {
  path: string;
  size?: number;
  sha256?: string;
}

/** What a model is for: a reranker scores pairs, an embedder turns texts into vectors. */
export type ModelUse = 'rerank' | 'embed';

/**
 * A model on a Hugging Face hub. A pinned one has a commit as its revision, and all its files have size and hash. The
 * others follow a branch, and their files are taken as they are.
 */
export interface PublishedModel {
  use: ModelUse;
  repository: string;
  revision: string;
  files: Record<'model' | 'tokenizer' | 'config', PublishedFile>;
}

/** The reranker if the caller names none. */
export const defaultModel = 'bge-reranker-base';

/** The embedding model if the caller names none. */
export const defaultEmbeddingModel = 'bge-small-en-v1.5';

/** The source of published models, unless the caller names a mirror. */
export const defaultHub = 'https://huggingface.co';

/**
 * The models that have a name. Other projects' code loads exactly these files of the unpinned repositories. They have
 * not been run with this engine, which fails with `unsupported_model` if it cannot run a graph.
 */
export const publishedModels: ReadonlyMap<string, PublishedModel> = new Map<string, PublishedModel>([
  [
    defaultModel,
    {
      use: 'rerank',
      repository: 'Xenova/bge-reranker-base',
      revision: '280bcc27a84e0b898c251e06fddb25171bd9b101',
      files: {
        model: {
          path: 'onnx/model_quantized.onnx',
          size: 279_301_077,
          sha256: 'dd98f3e67837d23210a6b7550c08cced4f61845b940ac45be3565840a10f3244',
        },
        tokenizer: {
          path: 'tokenizer.json',
          size: 17_098_079,
          sha256: '48564c5c7d3fa64d85d95e65414a542385f88b0f128fd8d4163fd7a57f2be05c',
        },
        config: {
          path: 'config.json',
          size: 782,
          sha256: 'b6575b9d5be20d6747417c8e20c5a0db1636356e0b6d422d7244c628423c4d4c',
        },
      },
    },
  ],
  ['bge-reranker-large', unpinned('Xenova/bge-reranker-large')],
  ['bge-reranker-v2-m3', unpinned('onnx-community/bge-reranker-v2-m3-ONNX')],
  [
    'mmarco-mMiniLMv2-L12-H384-v1',
    // No repository has this model's int8 graph under the usual name; its authors' has several under other names.
    unpinned('cross-encoder/mmarco-mMiniLMv2-L12-H384-v1', 'onnx/model_qint8_avx512_vnni.onnx'),
  ],
  ['ms-marco-MiniLM-L-6-v2', unpinned('Xenova/ms-marco-MiniLM-L-6-v2')],
  [defaultEmbeddingModel, embedder('Xenova/bge-small-en-v1.5')],
  ['all-MiniLM-L6-v2', embedder('Xenova/all-MiniLM-L6-v2')],
  ['multilingual-e5-small', embedder('Xenova/multilingual-e5-small')],
  ['bge-m3', embedder('Xenova/bge-m3')],
]);

function unpinned(repository: string, graph = 'onnx/model_quantized.onnx'): PublishedModel {
  const files = { model: { path: graph }, tokenizer: { path: 'tokenizer.json' }, config: { path: 'config.json' } };
  return { use: 'rerank', repository, revision: 'main', files };
}

/** `knownFacts` has the facts of each. */
function embedder(repository: string): PublishedModel {
  return { ...unpinned(repository), use: 'embed' };
}
