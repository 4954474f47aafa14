import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

/** Rerankers by model. A model is a base URL or `mini`. */
const rerankers = new Map();

export async function answer(request) {
  const { model, query, documents } = await request.json();
  try {
    if (!rerankers.has(model)) rerankers.set(model, createReranker({ model: model === 'mini' ? mini : model }));
    const reranker = await rerankers.get(model);
    return Response.json(await reranker.rerank(query, documents));
  } catch (error) {
    return Response.json({ failure: String(error) }, { status: 500 });
  }
}
