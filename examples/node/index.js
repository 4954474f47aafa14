import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const query = 'What is the capital of France?';
const documents = [
  'Berlin is the capital of Germany.',
  'The giraffe is the tallest living land animal.',
  'Paris is the capital of France.',
];

const reranker = await createReranker({ model: mini });
const results = await reranker.rerank(query, documents, { returnDocuments: true });
for (const { score, document } of results) console.log(score.toFixed(4), document);
await reranker.dispose();
