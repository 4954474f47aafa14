import { createReranker } from 'rerank-wasm';
import { createSearch } from 'rerank-wasm/search';
import mini from 'rerank-wasm-mini';

// A request must not wait for what another one loads, but it may use what is loaded.
let reranker;

async function answer(request, env) {
  const query = new URL(request.url).searchParams.get('q');
  if (!query) return Response.json({ error: 'Pass a query as ?q=…' }, { status: 400 });
  if (!reranker) {
    const loaded = await createReranker({ model: mini });
    if (reranker) await loaded.dispose();
    else reranker = loaded;
  }
  const retrieve = async (text, _, { limit }) => {
    const { data } = await env.AI.run('@cf/baai/bge-small-en-v1.5', { text, pooling: 'cls' });
    const { matches } = await env.VECTORIZE.query(data[0], { topK: limit, returnMetadata: 'all' });
    return matches.map(({ id, score, metadata }) => ({ id, score, text: metadata.text }));
  };
  const search = await createSearch({ reranker, retrieve });
  const hits = await search.search(query, { limit: 5, candidates: 20 });
  return Response.json(hits.map(({ id, score, document }) => ({ id, score, text: document.text })));
}

export default { fetch: answer };
