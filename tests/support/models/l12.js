import { readFile } from 'node:fs/promises';

const pairsUrl = new URL('../../fixtures/l12/pairs.jsonl', import.meta.url);

/** Returns the folder of ms-marco-MiniLM-L-12-v2, which `scripts/test.sh` fetches. */
export function l12Folder() {
  const folder = process.env.RERANK_WASM_L12;
  if (!folder) throw new Error('RERANK_WASM_L12 is not set; run the tests with scripts/test.sh, which sets it.');
  return folder;
}

/** Returns pairs in twelve scripts with their token ids and logits. */
export async function l12Pairs() {
  const lines = (await readFile(pairsUrl, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The two passages of the model's card, with the logits that the float model gives them there. */
export const published = {
  query: 'How many people live in Berlin?',
  documents: [
    'Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.',
    'Berlin is well known for its museums.',
  ],
  logits: [9.218911, -4.078],
};
