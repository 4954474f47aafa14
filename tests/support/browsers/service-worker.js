import { createReranker } from '/rerank-wasm/index.js';
import mini from '/rerank-wasm-mini/index.js';

// Each message makes this worker rank once with a new reranker. The answer goes to the message's port.
addEventListener('message', (event) => {
  event.waitUntil(rank().then((answer) => event.ports[0].postMessage(answer)));
});

async function rank() {
  const warnings = [];
  try {
    const reranker = await createReranker({ model: mini, onWarning: ({ message }) => warnings.push(message) });
    const results = await reranker.rerank('query', ['text']);
    await reranker.dispose();
    return { results: results.length, warnings };
  } catch (error) {
    return { failure: String(error), warnings };
  }
}
