// load-given.mjs FORM SERVER, with --expose-gc: loads the stand-in with its graph in this form, and ranks. SERVER has the
// stand-in below /standin/. Prints as JSON the logits, the linear memory, and the most that JavaScript held beside it and
// beside what this program had made before. Each look collects garbage first, so only memory in use counts.
import { createReadStream, openAsBlob } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { createReranker } from 'rerank-wasm';

import { logitsByIndex } from '../asserts/bits.js';
import { givenCall, localStandin } from './standin.js';

const [form, server] = process.argv.slice(2);
const { name, files } = localStandin();
const path = fileURLToPath(files.model);
const { size } = await stat(path);
const headers = { 'content-length': size };
const bytes = async () => new Uint8Array((await readFile(path)).buffer);
const text = async () => Buffer.from(`data:;base64,${await readFile(path, 'base64')}`, 'latin1').toString('latin1');

const forms = {
  Uint8Array: bytes,
  ArrayBuffer: async () => (await bytes()).buffer,
  Blob: async () => new Blob([await bytes()]),
  'Blob of a file': () => openAsBlob(path),
  'file: URL': () => files.model,
  'http: URL': () => new URL('/standin/onnx/model_quantized.onnx', server),
  'blob: URL': async () => new URL(URL.createObjectURL(await openAsBlob(path))),
  'data: URL': async () => new URL(await text()),
  'data: URL as text': text,
  'function with a stream': () => () => new Response(Readable.toWeb(createReadStream(path)), { headers }),
  'function with bytes': async () => {
    const held = await bytes();
    return () => new Response(held, { headers });
  },
  'pinned bytes': async () => ({ location: await bytes(), size }),
};

function held() {
  // The second finishes what the first has left to another thread.
  gc();
  gc();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

const model = await forms[form]();
// What the form was made of is garbage after this turn.
await sleep(10);
const before = held();
let [most, looked] = [0, 0];
const onProgress = ({ loaded }) => {
  // A look takes milliseconds.
  if (Math.abs(loaded - looked) < 8e6) return;
  looked = loaded;
  most = Math.max(most, held() - before);
};
const reranker = await createReranker({
  model: { name, files: { ...files, model } },
  worker: false,
  cache: 'none',
  onProgress,
});
const results = await reranker.rerank(...givenCall);
const { memoryBytes } = await reranker.statistics();
await reranker.dispose();
const logits = logitsByIndex(results);
console.log(JSON.stringify({ logits, memoryBytes, beside: most }));
