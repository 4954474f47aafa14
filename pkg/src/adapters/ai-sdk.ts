import { untilAborted } from '../common/deferred.js';
import type { EmbedOptions } from '../common/embedding.js';
import type { AbortSignal } from '../common/globals.js';
import { isUrl } from '../common/kinds.js';
import type { RerankerOptions } from '../common/types.js';
import { defaultEmbeddingModel, defaultModel } from '../files/registry.js';
import { checkEmbedding, type EmbedderSource, isEmbedder, lazyEmbedder } from './embedder-source.js';
import { checkReading, isReranker, lazily, type ReadingOptions, type RerankerSource } from './reranker-source.js';

export type { EmbedderSource } from './embedder-source.js';
export type { ReadingOptions, RerankerSource } from './reranker-source.js';

/** A reranking model as specification v3 of the AI SDK describes it; AI SDK 6 and 7 accept it. */
export interface AiSdkRerankingModel {
  /** The version of the specification; the SDK checks it. */
  readonly specificationVersion: 'v3';
  /** `'rerank-wasm'`; the SDK shows it in its answers. */
  readonly provider: string;
  /** The model's name, URL or directory; `'reranker'` if the source is a reranker. */
  readonly modelId: string;
  /** Ranks documents for the SDK's `rerank`, best first. */
  doRerank(options: {
    documents: { type: 'text'; values: string[] } | { type: 'object'; values: Record<string, unknown>[] };
    query: string;
    topN?: number;
    abortSignal?: AbortSignal;
    /** Those below `'rerank-wasm'` are {@link ReadingOptions} for this call. */
    providerOptions?: Record<string, Record<string, unknown>>;
  }): Promise<{
    ranking: { index: number; relevanceScore: number }[];
    warnings: { type: 'compatibility'; feature: string; details: string }[];
  }>;
}

/**
 * Makes a reranking model for the AI SDK. The SDK's documents may be objects: their `text` is ranked. An object without
 * one is ranked as JSON, with a warning. An aborted call fails with the reason of its signal, as the SDK expects.
 *
 * @example
 * const { ranking } = await rerank({ model: rerankWasm({ model: mini }), query, documents });
 *
 * @throws RerankError: `invalid_input`
 */
export function rerankWasm(source: RerankerSource = {}, reading: ReadingOptions = {}): AiSdkRerankingModel {
  const get = lazily(source);
  checkReading(reading, known, 'reading');
  return {
    specificationVersion: 'v3',
    provider,
    modelId: isReranker(source) ? 'reranker' : nameOf(source.model, defaultModel),
    async doRerank({ documents: { values }, query, topN, abortSignal: signal, providerOptions }) {
      const ofCall: ReadingOptions = providerOptions?.[provider] ?? {};
      checkReading(ofCall, known, `providerOptions.${provider}`);
      const asJson = values.some((value) => textOf(value) === undefined);
      const texts = values.map((value) => textOf(value) ?? JSON.stringify(value));
      try {
        const reranker = await untilAborted(get(), signal);
        const results = await reranker.rerank(query, texts, { ...reading, ...ofCall, topN, signal });
        const ranking = results.map(({ index, score }) => ({ index, relevanceScore: score }));
        return { ranking, warnings: asJson ? [jsonWarning] : [] };
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}

/** An embedding model as specification v3 of the AI SDK describes it; AI SDK 6 and 7 accept it. */
export interface AiSdkEmbeddingModel {
  /** The version of the specification; the SDK checks it. */
  readonly specificationVersion: 'v3';
  /** `'rerank-wasm'`; the SDK shows it in its answers. */
  readonly provider: string;
  /** The model's name, URL or directory; `'embedder'` if the source is an embedder. */
  readonly modelId: string;
  /** Any number of texts. */
  readonly maxEmbeddingsPerCall: number;
  /** Calls take turns. */
  readonly supportsParallelCalls: boolean;
  /** Embeds texts for the SDK's `embed` and `embedMany`. */
  doEmbed(options: {
    values: string[];
    abortSignal?: AbortSignal;
    /** Those below `'rerank-wasm'` are {@link EmbeddingOptions} for this call. */
    providerOptions?: Record<string, Record<string, unknown>>;
  }): Promise<{ embeddings: number[][]; usage: { tokens: number }; warnings: [] }>;
}

/** How texts are embedded; see `EmbedOptions`. */
export type EmbeddingOptions = Pick<EmbedOptions, 'kind' | 'prompt' | 'dimensions' | 'maxTokens'>;

/**
 * Makes an embedding model for the AI SDK. For queries pass `{ kind: 'query' }` here or in the call's `providerOptions`. An
 * aborted call fails with the reason of its signal, as the SDK expects.
 *
 * @example
 * const { embeddings } = await embedMany({ model: embedWasm({ model: 'bge-small-en-v1.5' }), values: passages });
 *
 * @throws RerankError: `invalid_input`
 */
export function embedWasm(source: EmbedderSource = {}, options: EmbeddingOptions = {}): AiSdkEmbeddingModel {
  const get = lazyEmbedder(source);
  checkEmbedding(options, knownOfEmbeddings, 'options');
  return {
    specificationVersion: 'v3',
    provider,
    modelId: isEmbedder(source) ? 'embedder' : nameOf(source.model, defaultEmbeddingModel),
    maxEmbeddingsPerCall: Number.POSITIVE_INFINITY,
    supportsParallelCalls: false,
    async doEmbed({ values, abortSignal: signal, providerOptions }) {
      const ofCall: EmbeddingOptions = providerOptions?.[provider] ?? {};
      checkEmbedding(ofCall, knownOfEmbeddings, `providerOptions.${provider}`);
      try {
        const embedder = await untilAborted(get(), signal);
        const { embeddings, tokens } = await embedder.embed(values, { ...options, ...ofCall, signal });
        const sum = tokens.reduce((sum, count) => sum + count, 0);
        return { embeddings: embeddings.map((vector) => Array.from(vector)), usage: { tokens: sum }, warnings: [] };
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}

const provider = 'rerank-wasm';
const known = ['longDocuments', 'maxTokens', 'minScore'] as const;
const knownOfEmbeddings = ['kind', 'prompt', 'dimensions', 'maxTokens'] as const;

const jsonWarning = {
  type: 'compatibility',
  feature: 'object documents',
  details: 'Some documents are objects without a string `text`; they are ranked as JSON.',
} as const;

function textOf(value: string | Record<string, unknown>): string | undefined {
  const text = typeof value === 'string' ? value : value.text;
  return typeof text === 'string' ? text : undefined;
}

function nameOf(model: RerankerOptions['model'], usual: string): string {
  if (model === undefined) return usual;
  if (typeof model === 'string') return model;
  return isUrl(model) ? model.href : model.name;
}
