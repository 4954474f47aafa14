/**
 * The engine as TypeScript sees it. The build puts the generated `bindings.js` beside the compiled code; these types are
 * written by hand so that the package compiles without it, and `tests/types/bindings.ts` fails where the two part.
 */

/** Takes the files of a model, one after the other, and makes the engine. */
export interface Loader {
  /** Announces `model`, `tokenizer`, `config` or `bundle`; what is given of size and hash is checked, `likelySize` is not. */
  begin(file: string, size?: number, sha256?: string, likelySize?: number): void;
  push(chunk: Uint8Array): void;
  end(): void;
  /** Ends the tokenizer file and gives its compact form, where it came in the other and has one. */
  endAndConvert(): Uint8Array | undefined;
  /** Consumes the loader. */
  finish(): Engine;
  free(): void;
}

/** A loaded model. */
export interface Engine {
  readonly maxTokens: number;
  /** The time that each operator takes of a warm forward pass, longest first; `now` is a clock in milliseconds. */
  profile(tokens: number, now: () => number): OperatorTime[];
  /** `chunk`: long documents are scored in windows instead of being cut. */
  start(query: string, documents: string[], maxTokens?: number, chunk?: boolean): Job;
  free(): void;
}

/** What all nodes of one operator take in one forward pass. */
export interface OperatorTime {
  operator: string;
  nodes: number;
  milliseconds: number;
}

/** One call's documents on their way to a ranked list. */
export interface Job {
  /** The documents scored so far, in the order of the list, without the first `from`. */
  scored(from: number): RankedDocument[];
  /** Scores the next document, or the next few short ones; true while documents remain. */
  step(): boolean;
  free(): void;
}

/** A document with its score; in a ranked list best first, ties by index. */
export interface RankedDocument {
  index: number;
  logit: number;
  /** Sigmoid of the logit. */
  score: number;
  tokens: number;
  truncated: boolean;
  /** Of several windows the one that counts, in UTF-16 code units. */
  window?: { start: number; end: number };
}

/** An instance as it comes from the linker. */
export interface Exports {
  memory: WebAssembly.Memory;
  /** Fills tract's registries of kernels; to be called once, before all else. */
  __wasm_call_ctors(): void;
}

/** Call it once to instantiate; the classes work from then on. */
export interface Bindings {
  (init: { module_or_path: WebAssembly.Module; memory?: WebAssembly.Memory }): Promise<Exports>;
  Loader: new () => Loader;
}

/** Bindings of their own for every caller, so that every reranker has a memory of its own. */
export function createBindings(): Bindings;
