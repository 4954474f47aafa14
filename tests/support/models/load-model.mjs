// load-model.mjs MODEL: loads a model, given as JSON, through the cache, and frees it.
import { createReranker } from 'rerank-wasm';

const reranker = await createReranker({ model: JSON.parse(process.argv[2]) });
await reranker.dispose();
