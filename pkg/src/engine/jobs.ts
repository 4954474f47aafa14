import { RerankError } from '../common/errors.js';
import type { Embedder, Model } from '../wasm/bindings.js';
import type {
  EmbeddedText,
  ScoreRequest,
  SplitRequest,
  SplitText,
  TaskText,
  TextRequest,
  TextResult,
} from './backend.js';

/** The two kinds of a model in an instance. */
export type EngineModel = Model | Embedder;

/** A job of an instance, in one form for all requests. */
export interface TextJob {
  /** Works on the next text, or on the next few short ones. */
  step(): void;
  /** Returns the results so far, in the order of the list, without the first `from`. */
  results(from: number): TextResult[];
  free(): void;
}

export function isEmbedder(model: EngineModel): model is Embedder {
  return 'dimensions' in model;
}

/**
 * Starts a job.
 *
 * @throws the engine's errors; `internal` for a request that is not one of this model
 */
export function startJob(model: EngineModel, request: TextRequest, texts: TaskText[]): TextJob {
  if (request.kind === 'embed' && isEmbedder(model)) return embedding(model, request.maxTokens, texts);
  // Only an embedding model takes ids.
  const plain = texts as string[];
  if (request.kind === 'score' && !isEmbedder(model)) return scoring(model, request, plain);
  if (request.kind === 'split' && isEmbedder(model)) return splitting(model, request, plain);
  throw new RerankError('internal', `The model cannot ${request.kind} texts.`);
}

function scoring(model: Model, { query, maxTokens, chunk }: ScoreRequest, texts: string[]): TextJob {
  const job = model.start(query, texts, maxTokens, chunk);
  return { step: () => void job.step(), results: (from) => job.scored(from), free: () => job.free() };
}

function embedding(embedder: Embedder, maxTokens: number | undefined, texts: TaskText[]): TextJob {
  const job = embedder.start(texts, maxTokens);
  const textAt = (index: number, tokens: number, truncated: number): EmbeddedText => {
    const vector = job.vector(index);
    if (!vector) throw new RerankError('internal', 'A text that is embedded has no vector.');
    return { index, tokens, truncated: truncated === 1, vector: vector as Float32Array<ArrayBuffer> };
  };
  return {
    step: () => void job.step(),
    results: (from) =>
      pairsOf(job.embedded(from)).map(([tokens, truncated], at) => textAt(from + at, tokens, truncated)),
    free: () => job.free(),
  };
}

function splitting(embedder: Embedder, { maxTokens, overlap }: SplitRequest, texts: string[]): TextJob {
  const done: SplitText[] = [];
  return {
    step() {
      const index = done.length;
      const ranges = pairsOf(embedder.windows(texts[index] as string, maxTokens, overlap));
      done.push({ index, windows: ranges.map(([start, end]) => ({ start, end })) });
    },
    results: (from) => done.slice(from),
    free() {},
  };
}

/** Returns the pairs in a list of numbers. */
function pairsOf(numbers: Uint32Array): [number, number][] {
  return Array.from({ length: numbers.length / 2 }, (_, pair) => [
    numbers[2 * pair] as number,
    numbers[2 * pair + 1] as number,
  ]);
}
