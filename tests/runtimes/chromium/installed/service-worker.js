import { createReranker } from 'rerank-wasm';

// A classic script does not know its URL, so these options say where the files are.
const wasm = new URL('wasm/', self.location);
const model = new URL('mini/', self.location);

async function rank() {
  const reranker = await createReranker({ model, wasm });
  const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
  await reranker.dispose();
  return results.map(({ index }) => index);
}

self.addEventListener('message', (event) => {
  event.waitUntil(
    rank().then(
      (order) => event.ports[0].postMessage(order),
      (error) => event.ports[0].postMessage(String(error)),
    ),
  );
});
