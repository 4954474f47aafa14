// long-text.mjs DIRECTORY TOKENS: ranks one text that fills a pair of TOKENS tokens, and prints the memory as JSON.
import { createReranker } from '../../pkg/dist/node.js';

const [model, tokens] = process.argv.slice(2);
const reranker = await createReranker({ model, threads: 1, cache: 'none' });
// Each letter is a token, so that this fills the pair.
const [{ tokens: seen }] = await reranker.rerank('a', [Array.from({ length: Number(tokens) }, () => 'b').join(' ')]);
const { memoryBytes } = await reranker.statistics();
console.log(JSON.stringify({ tokens: seen, bytes: memoryBytes }));
await reranker.dispose();
