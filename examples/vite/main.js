import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const documents = ['Berlin is the capital of Germany.', 'Giraffes are tall.', 'Paris is the capital of France.'];
const query = document.querySelector('#query');
const reranker = createReranker({ model: mini });

const item = ({ index, score }) =>
  Object.assign(document.createElement('li'), { textContent: `${score.toFixed(4)} ${documents[index]}` });

async function show() {
  const results = await (await reranker).rerank(query.value, documents);
  document.querySelector('#results').replaceChildren(...results.map(item));
}

query.addEventListener('change', show);
show();
