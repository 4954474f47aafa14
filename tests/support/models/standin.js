import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Returns the paths of two things that `scripts/test.sh` makes. One is a model of bge-reranker-base's shape and size
 * with random weights. The other is the published tokenizer.
 */
export function standinFiles() {
  return { directory: variable('RERANK_WASM_STANDIN'), tokenizer: variable('RERANK_WASM_TOKENIZER') };
}

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the tests with scripts/test.sh, which sets it.`);
  return value;
}

/** Returns a folder with the shards of the stand-in's bundle, which `scripts/test.sh` makes, too. */
export function bundleFolder() {
  return variable('RERANK_WASM_BUNDLE');
}

/** Returns the stand-in as a model with files on this machine. */
export function localStandin() {
  const { directory, tokenizer } = standinFiles();
  const at = (path) => pathToFileURL(join(directory, path));
  return {
    name: 'standin-base',
    files: { model: at('onnx/model_quantized.onnx'), tokenizer: pathToFileURL(tokenizer), config: at('config.json') },
  };
}

/** Returns folders for `serve`, with the stand-in below `/standin/` and its tokenizer below `/tokenizer/`. */
export function standinFolders() {
  const { directory, tokenizer } = standinFiles();
  return { '/standin/': directory, '/tokenizer/': dirname(tokenizer) };
}

/**
 * Returns the short inputs with recorded logits, as texts, and a tokenizer that makes the recorded ids of them. It has
 * the published pieces, but takes each text between spaces as it is.
 */
export async function recordedInputs({ longest }) {
  const { directory, tokenizer: path } = standinFiles();
  const tokenizer = JSON.parse(await readFile(path, 'utf8'));
  const textOf = (ids) => ids.map((id) => tokenizer.model.vocab[id][0]).join(' ');
  const lines = (await readFile(join(directory, 'logits.jsonl'), 'utf8')).trim().split('\n');
  const inputs = lines
    .map((line) => JSON.parse(line))
    .map(({ input_ids: ids, logit_dequantized: exact, logit_int8_onnxruntime: onnxruntime }) => {
      const border = ids.indexOf(tokenizer.model.vocab.findIndex(([piece]) => piece === '</s>'));
      return {
        query: textOf(ids.slice(1, border)),
        document: textOf(ids.slice(border + 2, -1)),
        tokens: ids.length,
        exact,
        onnxruntime,
      };
    })
    .filter(({ query, tokens }) => query !== '' && tokens <= longest);
  Object.assign(tokenizer, { normalizer: null, pre_tokenizer: { type: 'WhitespaceSplit' } });
  return { inputs, tokenizer: new TextEncoder().encode(JSON.stringify(tokenizer)) };
}

/** A call that shows that a model is complete. */
export const givenCall = ['query', ['a document', 'another one, which is longer']];
