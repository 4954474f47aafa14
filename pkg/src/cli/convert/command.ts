import { stat } from 'node:fs/promises';
import { parse, resolve } from 'node:path';

import { poolings } from '../../common/embedding-use.js';
import { RerankError } from '../../common/errors.js';
import { exactPaths } from '../../files/hub/graph.js';
import { lacking } from '../../files/hub/problems.js';
import { misused, parseCount, parseOneOf, parseSize, parseWords } from '../arguments.js';
import type { Command } from '../command.js';
import { help } from '../help.js';
import { embeddedDirectory, embeddedName } from '../model.js';
import { print } from '../output.js';
import { showProgress } from '../progress.js';
import { readText } from '../text-files.js';
import { type ConversionTask, convertTo, type ModelTask } from './run.js';

const options = {
  model: { type: 'string' },
  tokenizer: { type: 'string' },
  'keep-pieces': { type: 'string' },
  languages: { type: 'string', multiple: true },
  corpus: { type: 'string', multiple: true },
  bits: { type: 'string' },
  'max-memory': { type: 'string' },
  sample: { type: 'string' },
  rounding: { type: 'string' },
  pooling: { type: 'string' },
  shard: { type: 'string' },
  name: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseWords<typeof options>>['values'];

/** `rerank-wasm convert` */
export const convert: Command = async (words, signal) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.convert);
  const [output, ...rest] = positionals;
  if (output === undefined) throw misused('The output is missing: name a file to write');
  if (rest.length > 0) throw misused(`\`convert\` takes one output, but ${JSON.stringify(rest[0])} follows it`);
  const task = await taskOf(values, output, signal);
  const progress = showProgress(process.stderr);
  try {
    const { text, json } = await convertTo(output, task, { signal, onProgress: progress.converting });
    progress.end();
    return print(values.json ? `${json}\n` : `${output}:\n${text}`);
  } finally {
    progress.end();
  }
};

async function taskOf(values: Values, output: string, signal: AbortSignal): Promise<ConversionTask> {
  const { model, tokenizer } = values;
  if (tokenizer !== undefined) {
    const others = Object.keys(values).filter((name) => !['tokenizer', 'json'].includes(name));
    if (others.length > 0) throw misused(`--tokenizer cannot be combined with --${others.join(', --')}`);
    return { kind: 'tokenizer', tokenizer };
  }
  if (model === undefined) throw misused('The input is missing: pass --model or --tokenizer');
  const task = {
    kind: 'model',
    name: values.name ?? parse(output).name,
    options: {
      pieces: {
        count: parseCount(values['keep-pieces'], '--keep-pieces'),
        languages: (values.languages ?? []).flatMap((codes) => codes.split(',')),
        corpus: [] as string[],
      },
      bits: parseOneOf(values.bits, '--bits', ['mixed', '8', '4']),
      rounding: parseOneOf(values.rounding, '--rounding', ['compensated', 'nearest']),
      maxMemory: parseSize(values['max-memory'], '--max-memory'),
      pooling: values.pooling === undefined ? undefined : parseOneOf(values.pooling, '--pooling', poolings),
    },
    sample: '',
    shard: parseSize(values.shard, '--shard'),
  } as const satisfies Partial<ModelTask>;
  if (task.name === '')
    throw misused(`The output ${JSON.stringify(output)} is not the name of a file: name a file to write`);
  const files = await filesOf(model);
  for (const path of values.corpus ?? []) task.options.pieces.corpus.push(await readText(path, signal));
  return { ...task, ...files, sample: values.sample === undefined ? '' : await readText(values.sample, signal) };
}

/** Finds the files of the model in a directory; a graph with float weights comes before a quantised one. */
async function filesOf(model: string): Promise<Pick<ModelTask, 'graph' | 'tokenizer' | 'config'>> {
  const root = model === embeddedName ? embeddedDirectory() : model;
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) {
    throw new RerankError(
      'model_not_found',
      `${root} is not a directory; convert takes a model in a directory on this machine.`,
    );
  }
  return {
    graph: await findFile(root, exactPaths, 'ONNX file with a usual name, such as onnx/model.onnx'),
    tokenizer: await findFile(root, ['tokenizer.json']),
    config: await fileAmong(root, ['config.json']),
  };
}

/** @throws `model_not_found` if none of the paths exists, which the error calls `name` */
async function findFile(root: string, paths: readonly string[], name = paths.join(' or ')): Promise<string> {
  const found = await fileAmong(root, paths);
  if (found === undefined) throw lacking(root, name);
  return found;
}

/** Returns the first of the paths that exists; undefined if none does. */
async function fileAmong(root: string, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths.map((path) => resolve(root, path))) {
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  return undefined;
}
