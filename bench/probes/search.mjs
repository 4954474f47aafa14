// search.mjs COUNT: searches COUNT passages in memory, with an embedder that answers at once. Prints as JSON the seconds of
// adding each half of them. Of 15 queries and of 15 scans it prints the median in milliseconds.

import { quantize } from '../../pkg/dist/search/quantize.js';
import { ExactIndex } from '../../pkg/dist/search/vector-index.js';
import { createSearch } from '../../pkg/dist/search-node.js';
import { median } from '../statistics.mjs';

const count = Number(process.argv[2]);
const dimensions = 384;
const rounds = 15;

let state = 1;
/** Returns a number from 0 to 1, the same in each run. */
function random() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function unitVector() {
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Returns a text with words of 30,000, as rare as in real texts: the n-th comes up 1 / n as often as the first. */
function textOf(words) {
  return Array.from({ length: words }, () => `w${Math.floor(30_000 ** random())}`).join(' ');
}

const embedder = {
  embed: async (texts) => ({
    embeddings: texts.map(unitVector),
    tokens: texts.map(() => 100),
    truncated: texts.map(() => false),
  }),
  split: async (texts) => texts.map((text) => [{ start: 0, end: text.length }]),
  statistics: async () => ({ model: 'instant', dimensions, maxTokens: 512 }),
};

async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function medianOf(run) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await timed(run));
  return median(times);
}

const documents = Array.from({ length: count }, (_, index) => ({ id: `${index}`, text: textOf(75) }));
const search = await createSearch({ embedder });
const halves = [documents.slice(0, count / 2), documents.slice(count / 2)];
const addSeconds = [];
for (const half of halves) addSeconds.push((await timed(() => search.add(half))) / 1000);
const queryMs = await medianOf(() => search.search(textOf(6), { limit: 10 }));
const { chunks, bytes } = await search.statistics();
await search.dispose();

const vectors = new ExactIndex(dimensions);
const codes = new Int8Array(dimensions);
for (let slot = 0; slot < count; slot += 1) {
  const scale = quantize(unitVector(), codes);
  vectors.add(slot, codes, scale);
}
const scanMs = await medianOf(async () => vectors.scan(unitVector(), 50));
console.log(JSON.stringify({ addSeconds, queryMs, scanMs, bytesPerChunk: bytes / chunks }));
