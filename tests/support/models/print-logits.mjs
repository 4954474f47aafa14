// print-logits.mjs < { questions, model }: prints the results for a JSON list of { query, documents }, as JSON. Without a
// model it asks the small one.
import { text } from 'node:stream/consumers';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const { questions, model = mini } = JSON.parse(await text(process.stdin));
const reranker = await createReranker({ model });
const results = [];
for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
await reranker.dispose();
process.stdout.write(JSON.stringify(results));
