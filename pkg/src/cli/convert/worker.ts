/** The worker in which the converter runs. It reads and writes files synchronously. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';
import { messageOf, type RerankErrorCode, rerankErrorCodes, toRerankError } from '../../common/errors.js';
import { isOutOfMemory } from '../../instance/failures.js';
import { unreadable } from '../text-files.js';
import { type ConverterBindings, createBindings } from './converter-bindings.js';
import { ReadableFile, WritableFiles } from './files.js';
import type { ConversionMessage, ConversionOrder, ConversionProgress, Converted, ModelTask } from './run.js';

const { task, folder } = workerData as ConversionOrder;

function say(message: ConversionMessage): void {
  parentPort?.postMessage(message);
}

/** Returns a function that reports visible progress only, because the file is read in very many parts. */
function reporter(): (progress: ConversionProgress) => void {
  let last = '';
  return (progress) => {
    const { stage, done, total } = progress;
    const shown = `${stage} ${total ? Math.floor((100 * done) / total) : Math.floor(done / 1e6)}`;
    if (shown === last) return;
    last = shown;
    say({ progress });
  };
}

async function startConverter(): Promise<ConverterBindings> {
  const compressed = readFileSync(new URL('./converter.wasm.br', import.meta.url));
  const bindings = createBindings();
  const instance = await bindings({ module_or_path: await WebAssembly.compile(brotliDecompressSync(compressed)) });
  instance.__wasm_call_ctors();
  return bindings;
}

async function convert(output: WritableFiles): Promise<Converted> {
  const converter = await startConverter();
  if (task.kind === 'model') {
    const [text, json] = convertModel(converter, task, output) as [string, string];
    return { text, json, ...output.end() };
  }
  const tokenizer = readWhole(task.tokenizer);
  output.write(converter.convertTokenizer(tokenizer));
  const { bytes, ...made } = output.end();
  const json = JSON.stringify({ bytes, before: tokenizer.length });
  return { text: `${bytes} bytes, from ${tokenizer.length}\n`, json, bytes, ...made };
}

function convertModel(converter: ConverterBindings, task: ModelTask, output: WritableFiles): string[] {
  const report = reporter();
  const read = (done: number, total: number) => report({ stage: 'read', done, total });
  const files: ReadableFile[] = [];
  const open = (path: string) => {
    const file = new ReadableFile(path, read);
    files.push(file);
    return file;
  };
  output.onWritten = (done) => report({ stage: 'write', done, total: undefined });
  try {
    return converter.convertModel(
      task.name,
      open(task.graph),
      (name) => open(join(dirname(task.graph), name)),
      readWhole(task.tokenizer),
      task.config === undefined ? new TextEncoder().encode('{}') : readWhole(task.config),
      task.options,
      task.sample,
      output,
      (stage, done, total) => report({ stage, done, total }),
    );
  } catch (error) {
    throw files.find(({ failure }) => failure)?.failure ?? error;
  } finally {
    for (const file of files) file.close();
  }
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A panic and a lack of memory arrive as an error with a code, or as a trap. */
function failureOf(error: unknown): { code: RerankErrorCode; message: string } {
  const known = error instanceof Error && 'code' in error && rerankErrorCodes.find((code) => code === error.code);
  if (known) return { code: known, message: messageOf(error) };
  if (isOutOfMemory(error))
    return { code: 'out_of_memory', message: 'The converter ran out of memory; keep fewer pieces with --keep-pieces.' };
  const { code, message } = toRerankError(error);
  return { code, message };
}

const output = new WritableFiles(folder, task.kind === 'model' ? task.shard : undefined);
try {
  say({ converted: await convert(output) });
} catch (error) {
  say({ failure: failureOf(output.failure ?? error) });
}
