/**
 * The converter as TypeScript sees it. The build puts the generated `converter-bindings.js` beside the compiled code; these
 * types are written by hand so that the package compiles without it, and `tests/types/converter-bindings.ts` fails where
 * the two part.
 */
import type { Exports } from '../../wasm/bindings.js';

/** A file that can be read anywhere. */
export interface InputFile {
  readonly size: number;
  /** Fills `buffer` from `position` on and says how far. */
  read(buffer: Uint8Array, position: number): number;
}

/** A file that is written from its beginning to its end; what it is given is valid during the call. */
export interface OutputFile {
  write(bytes: Uint8Array): void;
}

/** What the bundle is to be. */
export interface ConverterOptions {
  pieces: { count: number | undefined; languages: string[]; corpus: string[] };
  bits: '8' | '4' | 'mixed';
  rounding: 'compensated' | 'nearest';
  /** In bytes, of an isolate with the model. */
  maxMemory: number | undefined;
}

/** Told the stage, how much of it is done and how much there is. */
export type OnConverterProgress = (stage: 'observe' | 'round' | 'measure', done: number, total: number) => void;

/** Call it once to instantiate; the functions work from then on. */
export interface ConverterBindings {
  (init: { module_or_path: WebAssembly.Module }): Promise<Exports>;
  /** Gives what became of the model, as lines for people and as JSON. */
  convertModel(
    name: string,
    graph: InputFile,
    tokenizer: Uint8Array,
    config: Uint8Array,
    options: ConverterOptions,
    sample: string,
    output: OutputFile,
    progress: OnConverterProgress,
  ): string[];
  /** Gives the compact form. */
  convertTokenizer(json: Uint8Array): Uint8Array;
}

/** Bindings of their own for every caller. */
export function createBindings(): ConverterBindings;
