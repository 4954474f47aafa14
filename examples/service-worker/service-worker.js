import { createHandler } from 'rerank-wasm/edge';

// A classic script does not know its address, so it says where the files are.
const at = (folder) => new URL(folder, self.location);
const rerank = createHandler({ reranker: { model: at('rerank-wasm-mini/'), wasm: at('wasm/') } });

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/v1/rerank') event.respondWith(rerank(event.request));
});
