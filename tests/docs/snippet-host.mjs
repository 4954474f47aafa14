// Answers requests for the embedding model that the README names with its files on this machine. Node imports this file in
// each thread.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const bgeSmall = 'https://huggingface.co/Xenova/bge-small-en-v1.5/resolve/main/';

const real = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const { url } = new Request(input, init);
  if (!url.startsWith(bgeSmall)) return real(input, init);
  const path = join(process.env.RERANK_WASM_BGE_SMALL, url.slice(bgeSmall.length));
  return existsSync(path) ? new Response(readFileSync(path)) : new Response(null, { status: 404 });
};
