/**
 * The types of the engine. The build puts the generated `bindings.js` beside the compiled code. These types are written
 * by hand, so that the package compiles without it; `tests/types/bindings.ts` fails if the two differ.
 */

/** Takes the files of a model, one after the other, and loads the model. */
export interface Loader {
  /** Announces `model`, `data`, `tokenizer`, `config` or `bundle`. Size and hash are checked, `likelySize` is a hint. */
  begin(file: string, size?: number, sha256?: string, likelySize?: number): void;
  push(chunk: Uint8Array): void;
  end(): void;
  /** Returns the name of the next file with weights, which lies beside the model. */
  nextDataFile(): string | undefined;
  /** Ends the tokenizer file. Returns its compact form if the file has another form and can be compacted. */
  endAndConvert(): Uint8Array | undefined;
  /** Consumes the loader. */
  finish(): Model;
  /** Consumes the loader. `pooling` is `cls`, `mean`, `max` or `lasttoken`. */
  finishEmbedder(pooling: string): Embedder;
  free(): void;
}

/** A loaded reranker. */
export interface Model {
  readonly maxTokens: number;
  /** Returns what decides the model's speed. */
  speed(): Speed;
  /** Returns each operator's time in a warm forward pass, longest first. `now` is a clock in milliseconds. */
  profile(tokens: number, now: () => number): OperatorTime[];
  /** Keeps the model for {@link Bindings.Model}. */
  keep(): void;
  /** With `chunk`, long documents are scored in windows instead of being cut. */
  start(query: string, documents: string[], maxTokens?: number, chunk?: boolean): Job;
  free(): void;
}

/** A loaded embedding model. */
export interface Embedder {
  readonly maxTokens: number;
  /** How many numbers a vector has. */
  readonly dimensions: number;
  speed(): Speed;
  /** Keeps the model for {@link Bindings.Embedder}. */
  keep(): void;
  /** Each text is a string, or the ids of its tokens as the model takes them. */
  start(texts: (string | Uint32Array)[], maxTokens?: number): EmbeddingJob;
  /**
   * Returns the start and the end of each of the overlapping windows of a text, in UTF-16 code units. Without `maxTokens`,
   * they have the model's length.
   */
  windows(text: string, maxTokens: number | undefined, overlap: number): Uint32Array;
  free(): void;
}

/** What decides the speed of a model. */
export interface Speed {
  /** How many products of matrices and softmax run on general operators, by operator. */
  unfused: [string, number][];
  /** True if these take most of the time. */
  isSlow: boolean;
  /** Bytes of the float weights in linear layers. */
  floatBytes: number;
  /** The kernel that multiplies most weights of linear layers; empty without such layers. */
  kernel: string;
}

/** The time of all nodes of one operator in a forward pass. */
export interface OperatorTime {
  operator: string;
  nodes: number;
  milliseconds: number;
}

/** The documents of a call while they are scored. */
export interface Job {
  /** Returns the documents scored so far, in the order of the list, without the first `from`. */
  scored(from: number): RankedDocument[];
  /** Scores the next document, or the next few short ones. Returns true while documents remain. */
  step(): boolean;
  free(): void;
}

/** The texts of a call while they are embedded. */
export interface EmbeddingJob {
  /**
   * Returns two numbers for each text embedded so far, in the order of the list, without the first `from`. They are its
   * tokens, and 1 if it was cut.
   */
  embedded(from: number): Uint32Array;
  /** Returns the vector of a text that is embedded, as an array outside the instance's memory. */
  vector(index: number): Float32Array | undefined;
  /** Embeds the next text, or the next few short ones. Returns true while texts remain. */
  step(): boolean;
  free(): void;
}

/** A part of a text, in UTF-16 code units. */
export interface TextWindow {
  start: number;
  end: number;
}

/** A document with its score. */
export interface RankedDocument {
  index: number;
  logit: number;
  /** Sigmoid of the logit. */
  score: number;
  tokens: number;
  truncated: boolean;
  /** The window that counts, if there are several, in UTF-16 code units. */
  window?: TextWindow;
}

/** The exports of an instance. */
export interface Exports {
  memory: WebAssembly.Memory;
  /** Fills tract's registries of kernels. Call it once, before all else. */
  __wasm_call_ctors(): void;
  /** The values of JavaScript that the instance holds. */
  __wbindgen_externrefs: WebAssembly.Table;
}

/** A race of the kernels on a small layer. The caller holds the clock. */
export interface KernelRace {
  /** Returns the names of the kernels. */
  entrants(): string[];
  /** How many products a run adds up. */
  readonly products: number;
  /** Runs the layer of an entrant once. */
  run(entrant: number): void;
  /** Ends the race. Models that load after it take the fastest kernel by the time of each entrant. */
  choose(times: Float64Array): void;
  free(): void;
}

/** Instantiates the engine when it is called. Call it once; after that the classes work. */
export interface Bindings {
  (init: { module_or_path: WebAssembly.Module; memory?: WebAssembly.Memory }): Promise<Exports>;
  Loader: new () => Loader;
  KernelRace: new () => KernelRace;
  /** `kept` returns the model that was kept in this memory, or in the one that it is a copy of. */
  Model: { kept(): Model | undefined };
  /** As `Model`. */
  Embedder: { kept(): Embedder | undefined };
}

/** Creates separate bindings for every caller, so that every reranker has a separate memory. */
export function createBindings(): Bindings;
