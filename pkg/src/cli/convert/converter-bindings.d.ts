/**
 * The types of the converter. The build puts the generated `converter-bindings.js` beside the compiled code. These
 * types are written by hand, so that the package compiles without it; `tests/types/converter-bindings.ts` fails if they
 * differ.
 */
import type { Exports } from '../../wasm/bindings.js';

/** A file that can be read at any position. */
export interface InputFile {
  readonly size: number;
  /** Fills `buffer` from `position` on and returns the number of bytes. */
  read(buffer: Uint8Array, position: number): number;
}

/** A file that is written from beginning to end. The bytes are valid only during the call. */
export interface OutputFile {
  write(bytes: Uint8Array): void;
}

/** The properties of the bundle. */
export interface ConverterOptions {
  pieces: { count: number | undefined; languages: string[]; corpus: string[] };
  bits: '8' | '4' | 'mixed';
  rounding: 'compensated' | 'nearest';
  /** In bytes, of an isolate with the model. */
  maxMemory: number | undefined;
  /** How an embedding model pools; undefined for a reranker. */
  pooling: string | undefined;
}

/** Receives the stage, how much of it is done, and its total. */
export type OnConverterProgress = (stage: 'observe' | 'round' | 'measure', done: number, total: number) => void;

/** Call it once to instantiate the converter; after that the functions work. */
export interface ConverterBindings {
  (init: { module_or_path: WebAssembly.Module }): Promise<Exports>;
  /** Returns a report on the model: lines for people, then JSON. */
  convertModel(
    name: string,
    graph: InputFile,
    /** Opens a file with weights by its name in the graph's folder. */
    open: (name: string) => InputFile,
    tokenizer: Uint8Array,
    config: Uint8Array,
    options: ConverterOptions,
    sample: string,
    output: OutputFile,
    progress: OnConverterProgress,
  ): string[];
  /** Returns the compact form. */
  convertTokenizer(json: Uint8Array): Uint8Array;
}

/** Creates bindings with an instance for one caller. */
export function createBindings(): ConverterBindings;
