import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { miniDirectory, pairsUrl } from './paths.js';

/** Loads the mini model before the tests of the calling file and frees it after them; gives a function that returns it. */
export function useMini() {
  let reranker;
  before(async () => {
    reranker = await createReranker({ model: mini });
  });
  after(() => reranker?.dispose());
  return () => reranker;
}

/** The bytes of a file of the mini model. */
export function miniFile(path) {
  return readFile(join(miniDirectory, path));
}

/** The published pairs, as one entry per query with its documents and onnxruntime's logits. */
export async function publishedQueries() {
  const queries = new Map();
  for (const line of (await readFile(pairsUrl, 'utf8')).trim().split('\n')) {
    const { query, document, logit_int8_onnxruntime: logit } = JSON.parse(line);
    const entry = queries.get(query) ?? { query, documents: [], logits: [] };
    entry.documents.push(document);
    entry.logits.push(logit);
    queries.set(query, entry);
  }
  return [...queries.values()];
}
