import { createHandler } from 'rerank-wasm/edge';

// A classic script has no import.meta.url, so it names the folders of the files.
const at = (folder) => new URL(folder, self.location);
const rerank = createHandler({ reranker: { model: at('rerank-wasm-mini/'), wasm: at('wasm/') } });

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/v1/rerank') event.respondWith(rerank(event.request));
});
