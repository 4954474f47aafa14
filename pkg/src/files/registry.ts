/** A file of a published model: where it is in its repository and, where the model is pinned, what it must be. */
export interface PublishedFile {
  path: string;
  size?: number;
  sha256?: string;
}

/**
 * A model on a Hugging Face hub. A pinned one has a commit as its revision, and all its files have size and hash;
 * the others follow a branch and are taken as they come.
 */
export interface PublishedModel {
  repository: string;
  revision: string;
  files: Record<'model' | 'tokenizer' | 'config', PublishedFile>;
}

/** The model that is used where none is named. */
export const defaultModel = 'bge-reranker-base';

/** Where published models are downloaded from unless the caller names a mirror. */
export const defaultHub = 'https://huggingface.co';

/**
 * The models that can be asked for by name. The unpinned repositories are known from other projects' code that loads
 * exactly these files; they have not been run with this engine, which says `unsupported_model` where it cannot.
 */
export const publishedModels: ReadonlyMap<string, PublishedModel> = new Map([
  [
    defaultModel,
    {
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
    // Nobody has published this one under the usual name; the authors' own repository has several int8 graphs.
    unpinned('cross-encoder/mmarco-mMiniLMv2-L12-H384-v1', 'onnx/model_qint8_avx512_vnni.onnx'),
  ],
  ['ms-marco-MiniLM-L-6-v2', unpinned('Xenova/ms-marco-MiniLM-L-6-v2')],
]);

function unpinned(repository: string, graph = 'onnx/model_quantized.onnx'): PublishedModel {
  const files = { model: { path: graph }, tokenizer: { path: 'tokenizer.json' }, config: { path: 'config.json' } };
  return { repository, revision: 'main', files };
}
