// Compiles with the types of any platform, or of none.
import {
  type CacheBackend,
  clearCache,
  createReranker,
  directoryCache,
  listCache,
  RerankError,
  type Reranker,
  type RerankerOptions,
  rerank,
} from 'rerank-wasm';
import { rerankWasm } from 'rerank-wasm/ai-sdk';
import { bearerKeys, createHandler, type Handler } from 'rerank-wasm/edge';
import { RerankWasmCompressor } from 'rerank-wasm/langchain';
import 'rerank-wasm/worker';
import 'rerank-wasm/worker-threads';
import mini from 'rerank-wasm-mini';

export async function best(cache: CacheBackend): Promise<string | undefined> {
  const options: RerankerOptions = { model: mini, cache, threads: 2, worker: false, wasm: new Uint8Array(8) };
  const reranker: Reranker = await createReranker(options);
  const [first] = await reranker.rerank('query', ['text'], { returnDocuments: true, topN: 1 });
  for await (const { score } of reranker.stream('query', [{ text: 'text', id: 1 }])) score.toFixed();
  await reranker.dispose();
  await rerank('query', ['text']);
  return first?.document;
}

export async function sizes(): Promise<number[]> {
  const cached = await directoryCache('models').read('key');
  const entries = await listCache();
  await clearCache();
  return [cached?.size ?? 0, ...entries.map(({ size }) => size)];
}

export const handler: Handler<{ KEY: string }> = createHandler({ authenticate: bearerKeys(({ KEY }) => [KEY]) });
export const { modelId } = rerankWasm({ model: mini });
export const documents = new RerankWasmCompressor({ model: mini }).compressDocuments([], 'query');
export const isOurs = (error: unknown): boolean => error instanceof RerankError && error.code === 'aborted';

// @ts-expect-error: no such option
createReranker({ thread: 2 });
// @ts-expect-error: a text is no worker
createReranker({ worker: () => 'worker' });
// @ts-expect-error: a text is no signal
createReranker({ signal: 'signal' });
// @ts-expect-error: a handler needs a request
handler('request');
