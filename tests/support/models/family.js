import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const tokenizer = join(fixtures, 'tokenizers/wordpiece.json');
const config = JSON.stringify({ max_position_embeddings: 64 });
const graph = (name) => join(fixtures, 'families', `${name}.onnx`);

/** Questions for the tiny graphs. */
export const questions = [
  {
    query: 'heat pump',
    documents: ['The heat pump warms the house in winter.', 'a search engine', 'water '.repeat(40)],
  },
  { query: 'rank', documents: ['Searching, ranking: tokens of a text!', ''] },
];

/** Returns a tiny graph of each family in int8, and in floats. */
export async function families() {
  const files = await readdir(join(fixtures, 'families'));
  const names = files.filter((file) => /-5-torchscript-\w+-(slim|fp32)\.onnx$/.test(file));
  return Promise.all(names.map((file) => family(basename(file, '.onnx'))));
}

/** Returns the tiny graph of a family as a model of `data:` URLs, which each runtime can load. */
export async function family(name) {
  const files = {
    model: dataUrl(await readFile(graph(name))),
    tokenizer: dataUrl(await readFile(tokenizer)),
    config: dataUrl(Buffer.from(config)),
  };
  return { name, files };
}

/** Writes the tiny graph of a family as a directory of the native command. Returns its path. */
export async function familyDirectory(name) {
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  await mkdir(join(directory, 'onnx'));
  await cp(graph(name), join(directory, 'onnx/model_quantized.onnx'));
  await cp(tokenizer, join(directory, 'tokenizer.json'));
  await writeFile(join(directory, 'config.json'), config);
  return directory;
}

function dataUrl(bytes) {
  return `data:application/octet-stream;base64,${bytes.toString('base64')}`;
}
