const { serviceWorker } = navigator;
const controlled = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve));
await serviceWorker.register('/service-worker.js');
if (!serviceWorker.controller) await controlled;

const documents = ['Berlin is the capital of Germany.', 'Giraffes are tall.', 'Paris is the capital of France.'];
const body = JSON.stringify({ query: 'What is the capital of France?', documents });
const headers = { 'content-type': 'application/json' };
const { results } = await (await fetch('/v1/rerank', { method: 'POST', headers, body })).json();
const list = document.querySelector('#results');
for (const { index } of results)
  list.append(Object.assign(document.createElement('li'), { textContent: documents[index] }));
