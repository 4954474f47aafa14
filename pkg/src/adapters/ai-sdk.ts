import { untilAborted } from '../common/deferred.js';
import { defaultModel } from '../files/registry.js';
import { isReranker, lazily, type ReadingOptions, type RerankerSource } from './reranker-source.js';

export type { ReadingOptions, RerankerSource } from './reranker-source.js';

/** What the AI SDK asks of a reranking model: its specification v3, which AI SDK 6 and 7 take. */
export interface AiSdkRerankingModel {
  /** The specification that the SDK checks. */
  readonly specificationVersion: 'v3';
  /** `'rerank-wasm'`; shown in the SDK's answers. */
  readonly provider: string;
  /** The model's name, URL or directory; `'reranker'` where the source is a reranker. */
  readonly modelId: string;
  /** Ranks documents for the SDK's `rerank`, best first. */
  doRerank(options: {
    documents: { type: 'text'; values: string[] } | { type: 'object'; values: Record<string, unknown>[] };
    query: string;
    topN?: number;
    abortSignal?: AbortSignal;
  }): Promise<{
    ranking: { index: number; relevanceScore: number }[];
    warnings: { type: 'compatibility'; feature: string; details: string }[];
  }>;
}

/**
 * A model for the AI SDK: `rerank({ model: rerankWasm({ model: mini }), query, documents })`. Documents that are objects
 * are read by their `text`; those without one as JSON, with a warning. Other than elsewhere in this package an aborted
 * call fails with its signal's reason, as the SDK has it.
 */
export function rerankWasm(source: RerankerSource = {}, reading: ReadingOptions = {}): AiSdkRerankingModel {
  const get = lazily(source);
  return {
    specificationVersion: 'v3',
    provider: 'rerank-wasm',
    modelId: nameOf(source),
    async doRerank({ documents: { values }, query, topN, abortSignal: signal }) {
      const asJson = values.some((value) => textOf(value) === undefined);
      const texts = values.map((value) => textOf(value) ?? JSON.stringify(value));
      try {
        const reranker = await untilAborted(get(), signal);
        const results = await reranker.rerank(query, texts, { ...reading, topN, signal });
        const ranking = results.map(({ index, score }) => ({ index, relevanceScore: score }));
        return { ranking, warnings: asJson ? [jsonWarning] : [] };
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}

const jsonWarning = {
  type: 'compatibility',
  feature: 'object documents',
  details: 'Objects without a string `text` are ranked as JSON.',
} as const;

function textOf(value: string | Record<string, unknown>): string | undefined {
  const text = typeof value === 'string' ? value : value.text;
  return typeof text === 'string' ? text : undefined;
}

function nameOf(source: RerankerSource): string {
  if (isReranker(source)) return 'reranker';
  const { model = defaultModel } = source;
  return typeof model === 'object' && 'files' in model ? model.name : String(model);
}
