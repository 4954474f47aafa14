import type { Embedder } from '../common/embedding.js';
import type { AbortSignal } from '../common/globals.js';
import { Sha256 } from '../common/sha256.js';
import { quantize } from './quantize.js';
import type { Passages } from './segment.js';

/** Another model, tokenizer or prompt gives other vectors for these texts. */
const probes = [
  'The QUICK brown fox paid $1,234.56 for naïve jalapeños – “isn’t” it?',
  '東京は日本の首都です。 Москва, Ελλάδα, مرحبا, नमस्ते, 안녕하세요, 😀',
];

/** How documents are cut, in tokens. */
export interface Cutting {
  chunkTokens: number;
  overlap: number | undefined;
}

/** An embedder that is ready to embed passages for an index. */
export class Embedding {
  /** Identifies the model and the cutting: vectors with another key are of no use. */
  readonly key: string;
  readonly model: string;
  readonly dimensions: number;
  readonly #embedder: Embedder;
  readonly #cutting: Cutting;

  private constructor(embedder: Embedder, cutting: Cutting, key: string, model: string, dimensions: number) {
    this.#embedder = embedder;
    this.#cutting = cutting;
    this.key = key;
    this.model = model;
    this.dimensions = dimensions;
  }

  static async of(embedder: Embedder, cutting: Cutting): Promise<Embedding> {
    const { model } = await embedder.statistics();
    const { embeddings } = await embedder.embed(probes, { kind: 'document' });
    const dimensions = embeddings[0]?.length ?? 0;
    const hash = new Sha256();
    const { chunkTokens, overlap = null } = cutting;
    hash.update(new TextEncoder().encode(JSON.stringify([model, dimensions, chunkTokens, overlap])));
    for (const { buffer, byteOffset, byteLength } of embeddings) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return new Embedding(embedder, cutting, hash.digest(), model, dimensions);
  }

  /** Cuts texts into passages and embeds these. A blank text has none. */
  async passagesOf(texts: readonly string[], signal: AbortSignal | undefined): Promise<Passages[]> {
    const { chunkTokens, overlap } = this.#cutting;
    const full = texts.filter((text) => text.trim() !== '');
    const options = { maxTokens: chunkTokens, signal, ...(overlap === undefined ? {} : { overlap }) };
    const cut = full.length > 0 ? await this.#embedder.split(full, options as object) : [];
    const parts = cut.flatMap((ranges, index) => ranges.map(({ start, end }) => full[index]?.slice(start, end) ?? ''));
    const { embeddings } =
      parts.length > 0
        ? await this.#embedder.embed(parts, { kind: 'document', ...(signal ? { signal } : {}) })
        : { embeddings: [] };
    let done = 0;
    let used = 0;
    return texts.map((text) => {
      const ranges = text.trim() === '' ? [] : (cut[done++] ?? []);
      const vectors = embeddings.slice(used, used + ranges.length);
      used += ranges.length;
      return this.#passages(ranges, vectors);
    });
  }

  async vectorOf(query: string, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { embeddings } = await this.#embedder.embed([query], { kind: 'query', ...(signal ? { signal } : {}) });
    return embeddings[0] as Float32Array;
  }

  #passages(ranges: readonly { start: number; end: number }[], vectors: readonly Float32Array[]): Passages {
    const { key: model, dimensions } = this;
    const codes = new Int8Array(ranges.length * dimensions);
    const scales = Float32Array.from(vectors, (vector, index) =>
      quantize(vector, codes.subarray(index * dimensions, (index + 1) * dimensions)),
    );
    return {
      model,
      dimensions,
      ranges: Uint32Array.from(ranges.flatMap(({ start, end }) => [start, end])),
      scales,
      codes,
    };
  }
}
