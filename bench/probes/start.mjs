// start.mjs WORKER: prints as JSON how long the first ranking with the small model takes, from the call that creates the
// reranker.

import { createReranker } from '../../pkg/dist/node.js';
import mini from '../../pkg/mini/index.js';

const worker = JSON.parse(process.argv[2]);
const start = performance.now();
const reranker = await createReranker({ model: mini, threads: 1, worker, cache: 'none' });
await reranker.rerank('boats', ['A boat.']);
const milliseconds = performance.now() - start;
await reranker.dispose();
console.log(JSON.stringify({ milliseconds }));
