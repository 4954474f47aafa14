import { createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

export const runtime = 'edge';
export const POST = createHandler({ reranker: { model: mini } });
