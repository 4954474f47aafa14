/** A published score of bge-reranker-base for exact texts. */
export interface PublishedScore {
  query: string;
  document: string;
  /** The published number. */
  expected: number;
  kind: 'logit' | 'sigmoid';
  /** The runtime that computed it, and its number format. */
  runtime: string;
  source: string;
}

interface Publication extends Pick<PublishedScore, 'kind' | 'runtime' | 'source'> {
  /** Query, document, score. */
  pairs: readonly (readonly [string, string, number])[];
}

const panda =
  'The giant panda (Ailuropoda melanoleuca), sometimes called a panda bear or simply panda, is a bear species endemic to China.';

const publications: readonly Publication[] = [
  {
    kind: 'logit',
    runtime: 'FlagEmbedding, PyTorch fp32',
    source: 'https://github.com/FlagOpen/FlagEmbedding/issues/108',
    pairs: [
      ['query', 'passage', 0.4474879801273346],
      ['what is panda?', 'hi', -8.15439224243164],
      ['what is panda?', panda, 6.182111740112305],
    ],
  },
  {
    kind: 'logit',
    runtime: 'fastembed, ONNX fp32',
    source:
      'https://github.com/qdrant/fastembed/blob/c48247f15df70acdf19f05dc08380fb37ee3661b/tests/test_text_cross_encoder.py',
    pairs: [
      ['What is the capital of France?', 'Paris is the capital of France.', 6.15733337],
      ['What is the capital of France?', 'Berlin is the capital of Germany.', -3.65939403],
    ],
  },
  {
    kind: 'sigmoid',
    runtime: 'text-embeddings-inference, candle fp32',
    source:
      'https://github.com/huggingface/text-embeddings-inference/blob/19e50a296e3300bb50398ee9dc8c234d30c09e5b/router/tests/snapshots/test_http_rerank__ranks.snap',
    pairs: [
      ['test', 'test', 0.9997739],
      ['test', 'other', 0.3638598],
    ],
  },
  {
    kind: 'sigmoid',
    runtime: 'informers, ONNX fp32',
    source: 'https://github.com/ankane/informers/blob/08586072073f942f6ba1f717b98f3584fd2fddb5/test/model_test.rb',
    pairs: [
      ['How many people live in London?', 'Around 9 Million people live in London', 0.996],
      ['How many people live in London?', 'London is known for its financial district', 0.000158],
    ],
  },
  {
    kind: 'sigmoid',
    runtime: 'FlagEmbedding, PyTorch fp16',
    source:
      'https://github.com/sinjab/ollama-reranker-test/blob/4251308d4de539b6b2e69dcea0c9d9d5da7a1b69/results/bge_official_BAAI_bge-reranker-base_results.json',
    pairs: [
      ['What is the capital of China?', 'The capital of China is Beijing.', 0.9993905498409864],
      ['What is the capital of China?', 'China is a large country in Asia.', 0.9064876908461501],
      ['What is the capital of China?', 'Paris is the capital of France.', 0.002115703400593114],
      ['How to cook pasta?', 'Boil water, add pasta, cook 8-12 minutes.', 0.9150528966571871],
      ['How to cook pasta?', 'Pasta is made from wheat flour.', 0.5941981000707334],
      ['test', 'doc', 0.3024940958946663],
      ['What is machine learning?', 'Machine learning is a subset of artificial intelligence.', 0.9993461844496442],
      ['What is machine learning?', 'Deep learning uses neural networks.', 0.007011795381497107],
      ['What is machine learning?', 'The weather today is sunny.', 3.734356896287336e-5],
      ['simple test', 'This is a test document', 0.9410069702643621],
    ],
  },
  {
    kind: 'sigmoid',
    runtime: '4d-example-reranker, ONNX int8',
    source: 'https://github.com/miyako/4d-example-reranker/blob/c73fec201a3fe6b243264bb2bf3e5b2a040050c9/README.md',
    pairs: [
      [
        'What is deep learning?',
        'Deep learning is a subset of machine learning based on artificial neural networks.',
        0.99875009059906,
      ],
    ],
  },
];

/** All published scores, without those that repeat another publication. */
export const publishedScores: readonly PublishedScore[] = publications.flatMap(({ pairs, ...publication }) =>
  pairs.map(([query, document, expected]) => ({ query, document, expected, ...publication })),
);
