import {
  type CacheBackend,
  type CachedScore,
  type CacheEntry,
  type ClearedCache,
  clearCache,
  createEmbedder,
  createReranker,
  type Embedder,
  type EmbedderOptions,
  isCached,
  type LoadProgress,
  listCache,
  type ModelFileFacts,
  type ModelSource,
  modelFiles,
  RerankError,
  type RerankErrorCode,
  type Reranker,
  type RerankResult,
  type RerankStreamOptions,
  type RerankWarning,
  rerank,
  rerankErrorCodes,
  type ScoreCache,
  similarity,
} from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
import recall from 'rerank-wasm-recall';

export const source: ModelSource = mini;
export const codes: readonly RerankErrorCode[] = rerankErrorCodes;

/** A cache as a user writes one. */
export const ownCache: CacheBackend = {
  async read(key) {
    return { url: key, size: 1, sha256: '', stream: new Blob(['x']).stream() };
  },
  async write() {
    const parts: Uint8Array[] = [];
    return {
      async write(chunk) {
        parts.push(chunk);
      },
      async commit({ url, size, sha256 }) {
        [url.length, size.toFixed(), sha256.length].join();
      },
      async abort() {},
    };
  },
  async delete() {},
  async list() {
    return [];
  },
};

export async function useCache(): Promise<void> {
  const warn = ({ code, message, cause }: RerankWarning) => [
    code satisfies
      | 'cache_failed'
      | 'cache_unavailable'
      | 'pooling_assumed'
      | 'score_cache_failed'
      | 'slow_model'
      | 'threads_unavailable'
      | 'worker_unavailable',
    message,
    cause,
  ];
  for (const cache of ['auto', 'none', false, ownCache] as const) await createReranker({ cache, onWarning: warn });
  const entries: CacheEntry[] = await listCache();
  const bytes: number = entries.reduce((sum, { size }) => sum + size, 0);
  const cleared: ClearedCache = await clearCache();
  void [bytes, cleared.files];
  // @ts-expect-error: no such cache
  await createReranker({ cache: 'memory' });
}

export async function useFiles(signal: AbortSignal): Promise<void> {
  const options = { hub: 'https://mirror', file: 'onnx/model.onnx', token: 'x', cache: ownCache, signal };
  const files: ModelFileFacts[] = await modelFiles('org/repo', options);
  const missing: number = files.reduce((sum, { size, cached }) => sum + (cached ? 0 : (size ?? 0)), 0);
  const known: boolean = (await isCached()) && (await isCached(source)) && (await isCached(new URL('https://x')));
  const roles: ('model' | 'data' | 'tokenizer' | 'config' | 'bundle')[] = files.map(({ file }) => file);
  void [missing, known, roles];
  // @ts-expect-error: these functions load nothing
  await modelFiles(source, { worker: true });
}

/** Caches of scores as users write them: one in memory, and one in a service that holds text. */
export async function useScoreCache(texts: Record<string, string>): Promise<void> {
  const kept = new Map<string, CachedScore>();
  const inMemory: ScoreCache = {
    get: (keys) => keys.map((key) => kept.get(key)),
    set: (entries) => {
      for (const [key, score] of entries) kept.set(key, score);
    },
  };
  const elsewhere: ScoreCache = {
    async get(keys) {
      return keys.map((key) => JSON.parse(texts[key] ?? 'null') as CachedScore | null);
    },
    async set(entries) {
      for (const [key, score] of entries) texts[key] = JSON.stringify(score);
    },
  };
  for (const scoreCache of [inMemory, elsewhere]) await createReranker({ scoreCache, idleTimeout: 60_000 });
  // @ts-expect-error: a cache answers for all keys at once
  await createReranker({ scoreCache: kept });
}

export async function use(signal: AbortSignal): Promise<void> {
  const reranker: Reranker = await createReranker({
    model: mini,
    hub: undefined,
    file: 'onnx/model.onnx',
    token: undefined,
    worker: 'auto',
    signal,
    onProgress: ({ phase, file, loaded, total }: LoadProgress) => [phase, file, loaded / (total ?? 1)],
  });
  const texts: RerankResult<string>[] = await reranker.rerank('query', ['text'] as const, { returnDocuments: true });
  const documents = [{ id: 7, text: 'text' }];
  const results = await rerank('query', documents, {
    topN: 1,
    minScore: 0,
    activation: 'none',
    maxTokens: 128,
    signal,
  });
  const id: number | undefined = results[0]?.document?.id;
  const [first]: { score: number; logit: number; index: number; tokens: number; truncated: boolean }[] = texts;
  await reranker.rerank('query', ['text', { text: 'text' }]);
  const { memoryBytes, maxTokens, model }: { memoryBytes: number; maxTokens: number; model: string } =
    await reranker.statistics();
  await reranker.dispose();
  void [id, first, memoryBytes, maxTokens, model];

  const streamOptions: RerankStreamOptions = { returnDocuments: true, signal };
  for await (const scored of reranker.stream('query', documents, streamOptions)) {
    const { index, document }: { index: number; document?: { id: number } } = scored;
    void [index, document];
  }
  // @ts-expect-error: a stream has no topN
  reranker.stream('query', documents, { topN: 1 });

  // @ts-expect-error: a document has a text
  await reranker.rerank('query', [{ title: 'text' }]);
  // @ts-expect-error: a list is needed
  await reranker.rerank('query', 'text');
  // @ts-expect-error: no such option
  await reranker.rerank('query', ['text'], { top_n: 1 });
  // @ts-expect-error: no such activation
  await reranker.rerank('query', ['text'], { activation: 'softmax' });
  // @ts-expect-error: a source has a tokenizer
  await createReranker({ model: { name: 'x', files: { model: new Uint8Array(1) } } });
  // @ts-expect-error: no such code
  new RerankError('oops', 'text');
}

export function explain(error: unknown): string {
  if (!(error instanceof RerankError)) return 'not ours';
  switch (error.code) {
    case 'aborted':
    case 'disposed':
      return 'as asked';
    case 'invalid_input':
    case 'model_not_found':
    case 'download_failed':
    case 'integrity_mismatch':
    case 'invalid_model':
    case 'unsupported_model':
    case 'unsupported_environment':
    case 'out_of_memory':
    case 'internal':
      return `${error.code}: ${error.message} ${error.cause}`;
    default:
      // The list of codes is closed.
      return error.code satisfies never;
  }
}

export async function useEmbedder(): Promise<void> {
  const options = { model: recall, pooling: 'cls', prompts: { query: 'q: ' }, threads: 1 } satisfies EmbedderOptions;
  const embedder: Embedder = await createEmbedder(options);
  const { embeddings, tokens, truncated } = await embedder.embed(['a', [1, 2], Uint32Array.of(3)], {
    kind: 'query',
    dimensions: 256,
    signal: AbortSignal.timeout(1000),
  });
  const [first, second] = embeddings;
  if (first && second) similarity(first, second).toFixed();
  [tokens[0]?.toFixed(), truncated[0] === true, similarity([1], [1])].join();
  const [ranges = []] = await embedder.split(['a'], { maxTokens: 256, overlap: 8 });
  for (const { start, end } of ranges) (end - start).toFixed();
  const { dimensions, pooling } = await embedder.statistics();
  [dimensions.toFixed(), pooling satisfies 'cls' | 'mean' | 'max' | 'lasttoken'].join();
  await embedder.dispose();
}
