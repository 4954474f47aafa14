import type { EmbeddingUse, Pooling } from '../../common/embedding-use.js';

/** How a model turns texts into vectors: the facts of {@link EmbeddingUse}, complete. */
export interface EmbeddingFacts {
  pooling: Pooling;
  prompts: { query: string; document: string };
  /** Longest text in tokens that the model was made for; undefined if the graph alone limits it. */
  maxTokens?: number | undefined;
}

/** The part of the facts that a source knows. */
export type KnownFacts = Omit<Partial<EmbeddingFacts>, 'prompts'> & Pick<EmbeddingUse, 'prompts'>;

/** Joins what several sources know; the first one that knows a fact counts. Without a pooling, `mean` is assumed. */
export function joinFacts(sources: readonly (KnownFacts | undefined)[]): { facts: EmbeddingFacts; assumed: boolean } {
  const first = <Name extends keyof KnownFacts>(name: Name): KnownFacts[Name] =>
    sources.find((source) => source?.[name] !== undefined)?.[name];
  const pooling = first('pooling');
  const { query = '', document = '' } = first('prompts') ?? {};
  const maxTokens = first('maxTokens');
  return {
    facts: {
      pooling: pooling ?? 'mean',
      prompts: { query, document },
      ...(maxTokens !== undefined && { maxTokens }),
    },
    assumed: pooling === undefined,
  };
}
