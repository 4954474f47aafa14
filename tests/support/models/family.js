import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const tokenizer = join(fixtures, 'tokenizers/wordpiece.json');
const config = JSON.stringify({ max_position_embeddings: 64 });
const graph = (name) => join(fixtures, 'families', `${name}.onnx`);

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
