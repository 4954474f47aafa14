import { invalid } from '../common/check.js';
import type {
  EmbeddableText,
  Embedder,
  EmbedderStatistics,
  Embeddings,
  EmbedOptions,
  SplitOptions,
} from '../common/embedding.js';
import { throwIfAborted } from '../common/errors.js';
import { Held } from '../common/held.js';
import type { Backend, EmbeddedText, EmbedTask, SplitTask } from '../engine/backend.js';
import { runDistinct } from '../engine/distinct.js';
import type { EmbeddingFacts } from '../files/embedding/facts.js';
import { checkEmbeddable, checkEmbedOptions, checkSplitOptions, checkTexts } from './options.js';
import { cut } from './vectors.js';

/** Windows share an eighth of their tokens, unless the caller says otherwise. */
const overlapParts = 8;

/** The embedder that the caller holds. It checks arguments and leaves the work to the backend. */
export class ClientEmbedder extends Held implements Embedder {
  readonly #backend: Backend;
  readonly #facts: EmbeddingFacts;
  /** Longest text that the model takes, in tokens. */
  readonly #maxTokens: number;
  /** How many numbers a vector has. */
  readonly #dimensions: number;

  private constructor(backend: Backend, facts: EmbeddingFacts, maxTokens: number, dimensions: number) {
    super();
    this.#backend = backend;
    this.#facts = facts;
    this.#maxTokens = maxTokens;
    this.#dimensions = dimensions;
  }

  /** Takes the loaded `backend` over. */
  static async of(backend: Backend, facts: EmbeddingFacts): Promise<ClientEmbedder> {
    try {
      const { maxTokens, dimensions = 0 } = await backend.statistics();
      return new ClientEmbedder(backend, facts, Math.min(maxTokens, facts.maxTokens ?? maxTokens), dimensions);
    } catch (error) {
      await backend.dispose();
      throw error;
    }
  }

  async embed(texts: readonly EmbeddableText[], options?: EmbedOptions): Promise<Embeddings> {
    const list = checkEmbeddable(texts);
    const { kind, prompt, dimensions = this.#dimensions, maxTokens, onProgress, signal } = checkEmbedOptions(options);
    if (dimensions > this.#dimensions) {
      throw invalid(`\`dimensions\` must be at most ${this.#dimensions}, what the model returns; it is ${dimensions}.`);
    }
    throwIfAborted(signal);
    const made: Embeddings = { embeddings: [], tokens: [], truncated: [] };
    const given = new Set<Float32Array>();
    const onResult = ({ vector, tokens, truncated }: EmbeddedText) => {
      // Equal texts have one vector, and the caller may change what it receives.
      const own = given.has(vector) ? vector.slice() : vector;
      given.add(own);
      made.embeddings.push(dimensions < own.length ? cut(own, dimensions) : own);
      made.tokens.push(tokens);
      made.truncated.push(truncated);
      onProgress?.({ done: made.tokens.length, total: list.length });
    };
    const request = { kind: 'embed', maxTokens: this.#limit(maxTokens) } as const;
    const before = prompt ?? this.#facts.prompts[kind];
    const task: EmbedTask = {
      request,
      texts: list.map((text) => (typeof text === 'string' ? before + text : text)),
      onResult,
      signal,
    };
    await runDistinct(this.#backend, task);
    return made;
  }

  async split(texts: readonly string[], options?: SplitOptions): Promise<{ start: number; end: number }[][]> {
    const list = checkTexts(texts);
    const { maxTokens, overlap, signal } = checkSplitOptions(options);
    throwIfAborted(signal);
    const limit = this.#limit(maxTokens);
    const request = {
      kind: 'split',
      maxTokens: limit,
      overlap: overlap ?? Math.floor(Math.max(limit - 2, 0) / overlapParts),
    } as const;
    const ranges: { start: number; end: number }[][] = [];
    const task: SplitTask = {
      request,
      texts: list,
      onResult: ({ windows }) => void ranges.push(windows.map(({ start, end }) => ({ start, end }))),
      signal,
    };
    await this.#backend.run(task);
    return ranges;
  }

  async statistics(): Promise<EmbedderStatistics> {
    const statistics = await this.#backend.statistics();
    const { pooling } = this.#facts;
    return { ...statistics, maxTokens: this.#maxTokens, dimensions: this.#dimensions, pooling };
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }

  #limit(maxTokens: number | undefined): number {
    return Math.min(maxTokens ?? this.#maxTokens, this.#maxTokens);
  }
}
