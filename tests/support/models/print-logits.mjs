// print-logits.mjs < QUERIES: prints the small model's results for a JSON list of { query, documents }, as JSON.
import { text } from 'node:stream/consumers';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const reranker = await createReranker({ model: mini });
const results = [];
for (const { query, documents } of JSON.parse(await text(process.stdin))) {
  results.push(await reranker.rerank(query, documents));
}
await reranker.dispose();
process.stdout.write(JSON.stringify(results));
