import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';

import {
  abortedError,
  messageOf,
  RerankError,
  type RerankErrorCode,
  throwIfAborted,
  withReason,
} from '../../common/errors.js';
import type { ConverterOptions, OnConverterProgress } from './converter-bindings.js';

/** A model to turn into a bundle, or a tokenizer to turn into its compact form. Paths name files. */
export type ConversionTask = ModelTask | { kind: 'tokenizer'; tokenizer: string };

export interface ModelTask {
  kind: 'model';
  /** The model's name in the bundle. */
  name: string;
  graph: string;
  tokenizer: string;
  /** Undefined if the model has none. */
  config: string | undefined;
  options: ConverterOptions;
  /** Lines of query, tab, document; empty for the built-in sample. */
  sample: string;
  /** The maximum bytes of a file; undefined for one file. */
  shard: number | undefined;
}

/** The progress of a conversion; the total of `write` is unknown. */
export interface ConversionProgress {
  stage: 'read' | 'write' | Parameters<OnConverterProgress>[0];
  done: number;
  total: number | undefined;
}

/** The result of a conversion. */
export interface Converted {
  /** Lines for people, and JSON. */
  text: string;
  json: string;
  /** The number of files in the folder; their names are numbers from 0 on. */
  files: number;
  bytes: number;
  sha256: string;
}

/** The task of the worker. */
export interface ConversionOrder {
  task: ConversionTask;
  /** The folder of its files. */
  folder: string;
}

/** A message from the worker. */
export type ConversionMessage =
  | { progress: ConversionProgress }
  | { converted: Converted }
  | { failure: { code: RerankErrorCode; message: string } };

/**
 * Converts in a worker, so that Ctrl-C works meanwhile. It writes `output`, or `output.0`, `output.1` … and
 * `output.json`. Incomplete files are in a folder beside `output`, which is removed in every case.
 *
 * @throws the converter's errors about files and options; `aborted`
 */
export async function convertTo(
  output: string,
  task: ConversionTask,
  { signal, onProgress }: { signal: AbortSignal; onProgress: ((progress: ConversionProgress) => void) | undefined },
): Promise<Converted> {
  const folder = await mkdtemp(`${output}.partial-`).catch((cause) => {
    throw unwritable(output, cause);
  });
  try {
    const converted = await convertIn({ task, folder }, signal, onProgress);
    throwIfAborted(signal);
    await moveOut(folder, output, task, converted);
    return converted;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function convertIn(
  order: ConversionOrder,
  signal: AbortSignal,
  onProgress: ((progress: ConversionProgress) => void) | undefined,
): Promise<Converted> {
  throwIfAborted(signal);
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: order });
  const ended = once(worker, 'exit');
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(abortedError(signal)), { once: true });
      worker.on('message', (message: ConversionMessage) => {
        if ('progress' in message) onProgress?.(message.progress);
        else if ('converted' in message) resolve(message.converted);
        else reject(new RerankError(message.failure.code, message.failure.message));
      });
      worker.on('error', (cause) => reject(new RerankError('internal', messageOf(cause), { cause })));
      worker.on('exit', (code) => reject(new RerankError('internal', `The converter ended with exit code ${code}.`)));
    });
  } finally {
    await worker.terminate();
    await ended;
  }
}

async function moveOut(folder: string, output: string, task: ConversionTask, made: Converted): Promise<void> {
  const moved: string[] = [];
  const move = async (name: string, path: string) => {
    await rename(join(folder, name), path);
    moved.push(path);
  };
  try {
    if (task.kind === 'tokenizer' || task.shard === undefined) await move('0', output);
    else await moveShards(folder, output, task.name, made, move);
  } catch (cause) {
    for (const path of moved) await rm(path, { force: true });
    throw unwritable(output, cause);
  }
}

function unwritable(output: string, cause: unknown): RerankError {
  return new RerankError('invalid_input', withReason(`The output ${output} cannot be written`, cause), { cause });
}

/**
 * Moves the list of shards last, so that a list never names missing files. The list of an earlier conversion is removed
 * first, and so are those of its shards that are not overwritten.
 */
async function moveShards(
  folder: string,
  output: string,
  name: string,
  { files, bytes, sha256 }: Converted,
  move: (name: string, path: string) => Promise<void>,
): Promise<void> {
  const list = `${output}.json`;
  await rm(list, { force: true });
  const paths = Array.from({ length: files }, (_, index) => `${output}.${index}`);
  for (const [index, path] of paths.entries()) await move(String(index), path);
  for (let index = files; await removes(`${output}.${index}`); index += 1);
  const shards = paths.map((path) => basename(path));
  await writeFile(join(folder, 'list'), JSON.stringify({ name, sha256, shards, size: bytes }, undefined, 2));
  await move('list', list);
}

/** Removes a file; returns false if there is none. */
async function removes(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
