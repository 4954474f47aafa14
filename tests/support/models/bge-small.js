import { readFile } from 'node:fs/promises';

const fixtures = new URL('../../fixtures/', import.meta.url);

/** The fixture's vectors are integers: their numbers times this one. */
const scale = 32767;

/** Returns the folder of bge-small-en-v1.5, which `scripts/test.sh` fetches. */
export function bgeSmallFolder() {
  const folder = process.env.RERANK_WASM_BGE_SMALL;
  if (!folder) throw new Error('RERANK_WASM_BGE_SMALL is not set; run the tests with scripts/test.sh, which sets it.');
  return folder;
}

/** Returns 500 texts in twelve scripts with their token ids, and the vectors of onnxruntime on exact activations. */
export async function bgeSmallTexts() {
  const files = new Map();
  const texts = [];
  for (const { file, line, field, ids, vector } of await linesOf('bge-small/texts.jsonl')) {
    if (!files.has(file)) files.set(file, await linesOf(file));
    const bytes = Buffer.from(vector, 'hex');
    const numbers = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index) / scale);
    texts.push({ text: files.get(file)[line][field], ids, vector: numbers });
  }
  return texts;
}

async function linesOf(file) {
  const lines = (await readFile(new URL(file, fixtures), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}
