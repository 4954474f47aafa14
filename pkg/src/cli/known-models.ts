/** A reranker that people use, with the facts that help to choose one. */
export interface KnownModel {
  /** The value of the option `model`. */
  id: string;
  /** The authors' repository, if `id` is a conversion by others. */
  convertedFrom?: string;
  licence: string;
  languages: string;
  /** Longest pair of query and document. */
  tokens: number;
  /** The graph that is chosen. */
  file: string;
  /** Size of that file in millions of bytes, about. */
  megabytes: number;
}

const quantized = 'onnx/model_quantized.onnx';
const vnni = 'onnx/model_qint8_avx512_vnni.onnx';
const fp32 = 'onnx/model.onnx';
const english = { licence: 'Apache-2.0', languages: 'English' };

/** Small ones first; `docs/models-and-cache.md` has the same table. The list was read in 2026. */
export const knownModels: readonly KnownModel[] = [
  { id: 'cross-encoder/ms-marco-TinyBERT-L2-v2', ...english, tokens: 512, file: vnni, megabytes: 5 },
  { id: 'cross-encoder/ms-marco-MiniLM-L2-v2', ...english, tokens: 512, file: vnni, megabytes: 16 },
  { id: 'cross-encoder/ms-marco-MiniLM-L4-v2', ...english, tokens: 512, file: vnni, megabytes: 20 },
  { id: 'cross-encoder/ms-marco-MiniLM-L6-v2', ...english, tokens: 512, file: vnni, megabytes: 23 },
  { id: 'cross-encoder/ms-marco-MiniLM-L12-v2', ...english, tokens: 512, file: vnni, megabytes: 34 },
  { id: 'jinaai/jina-reranker-v1-tiny-en', ...english, tokens: 8192, file: quantized, megabytes: 33 },
  { id: 'jinaai/jina-reranker-v1-turbo-en', ...english, tokens: 8192, file: quantized, megabytes: 38 },
  { id: 'mixedbread-ai/mxbai-rerank-xsmall-v1', ...english, tokens: 512, file: quantized, megabytes: 87 },
  {
    id: 'cross-encoder/mmarco-mMiniLMv2-L12-H384-v1',
    licence: 'Apache-2.0',
    languages: '14 and more',
    tokens: 512,
    file: vnni,
    megabytes: 119,
  },
  { id: 'cross-encoder/ettin-reranker-32m-v1', ...english, tokens: 7999, file: fp32, megabytes: 128 },
  { id: 'Alibaba-NLP/gte-reranker-modernbert-base', ...english, tokens: 8192, file: quantized, megabytes: 151 },
  { id: 'mixedbread-ai/mxbai-rerank-base-v1', ...english, tokens: 512, file: quantized, megabytes: 244 },
  { id: 'cross-encoder/ettin-reranker-68m-v1', ...english, tokens: 7999, file: fp32, megabytes: 272 },
  {
    id: 'Xenova/bge-reranker-base',
    convertedFrom: 'BAAI/bge-reranker-base',
    licence: 'MIT',
    languages: 'English, Chinese',
    tokens: 512,
    file: quantized,
    megabytes: 279,
  },
  {
    id: 'jinaai/jina-reranker-v2-base-multilingual',
    licence: 'CC BY-NC 4.0: non-commercial',
    languages: '100 and more',
    tokens: 1024,
    file: quantized,
    megabytes: 280,
  },
  {
    id: 'onnx-community/gte-multilingual-reranker-base',
    convertedFrom: 'Alibaba-NLP/gte-multilingual-reranker-base',
    licence: 'Apache-2.0',
    languages: '70 and more',
    tokens: 8192,
    file: quantized,
    megabytes: 341,
  },
  {
    id: 'Xenova/bge-reranker-large',
    convertedFrom: 'BAAI/bge-reranker-large',
    licence: 'MIT',
    languages: 'English, Chinese',
    tokens: 512,
    file: quantized,
    megabytes: 563,
  },
  {
    id: 'onnx-community/bge-reranker-v2-m3-ONNX',
    convertedFrom: 'BAAI/bge-reranker-v2-m3',
    licence: 'Apache-2.0',
    languages: '100 and more',
    tokens: 8192,
    file: quantized,
    megabytes: 571,
  },
  { id: 'cross-encoder/ettin-reranker-150m-v1', ...english, tokens: 7999, file: fp32, megabytes: 600 },
];
