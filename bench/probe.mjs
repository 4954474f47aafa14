import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { engines, mini, node, preferred, repository, standin } from './paths.mjs';

/** Runs a program of bench/probes in a new process of Node and returns the JSON that it prints. */
export async function probe(name, args, flags = []) {
  const script = fileURLToPath(new URL(`probes/${name}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(node, [...flags, script, ...args]);
  return JSON.parse(stdout);
}

const config = join(standin, 'config.json');

export const model = join(standin, 'onnx/model_quantized.onnx');

/** The engine's probes load these files: engine, model, tokenizer and configuration. */
export const files = [join(repository, engines[preferred]), model, join(standin, 'tokenizer.json'), config];

/** These files have a vocabulary of 38,000 pieces instead of 250,002. */
export const filesWithSmallTokenizer = [files[0], model, join(mini, 'tokenizer.json'), config];
