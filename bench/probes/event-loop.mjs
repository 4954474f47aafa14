// event-loop.mjs INPUT THREADS WORKER: ranks with the small model while a timer ticks in the same thread. Prints as JSON
// the longest time between two ticks, less the timer's own.

import { createReranker } from '../../pkg/dist/node.js';
import mini from '../../pkg/mini/index.js';

const [input, threads, worker] = process.argv.slice(2).map((argument) => JSON.parse(argument));
const { query, documents } = input;
const everyMs = 2;

const reranker = await createReranker({ model: mini, threads, worker, cache: 'none' });
await reranker.rerank(query, documents);
let last = performance.now();
let longest = 0;
const tick = () => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
};
const timer = setInterval(tick, everyMs);
await reranker.rerank(query, documents);
tick();
clearInterval(timer);
await reranker.dispose();
console.log(JSON.stringify({ milliseconds: longest - everyMs }));
