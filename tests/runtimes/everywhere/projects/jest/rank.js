import { createReranker, directoryCache } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const { HUB, CACHE } = process.env;

for (const [from, model] of [
  ['disk', mini],
  ['hub', HUB],
  ['cache', HUB],
]) {
  test(`ranks with files from the ${from}`, async () => {
    const told = [];
    const onWarning = ({ message }) => told.push(message);
    const reranker = await createReranker({ model, cache: directoryCache(CACHE), onWarning });
    const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
    await reranker.dispose();
    expect(results.map(({ index }) => index)).toEqual([1, 0]);
    expect(told).toEqual([]);
  });
}
