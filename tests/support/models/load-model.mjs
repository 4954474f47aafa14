// load-model.mjs MODEL [OPTIONS]: loads a model through the cache, and frees it. Both are JSON.
import { createReranker } from 'rerank-wasm';

const [model, options = '{}'] = process.argv.slice(2);
const reranker = await createReranker({ model: JSON.parse(model), ...JSON.parse(options) });
await reranker.dispose();
