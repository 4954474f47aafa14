import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { miniDirectory, pairsUrl } from '../paths.js';

/** Loads the mini model before the calling file's tests and frees it after them. Returns a function that returns it. */
export function useMini() {
  let reranker;
  before(async () => {
    reranker = await createReranker({ model: mini });
  });
  after(() => reranker?.dispose());
  return () => reranker;
}

/** Reads a file of the mini model. */
export function miniFile(path) {
  return readFile(join(miniDirectory, path));
}

/** Returns one entry per query, with its documents and, in the same order, the published pairs. */
export async function publishedQueries() {
  const queries = new Map();
  for (const line of (await readFile(pairsUrl, 'utf8')).trim().split('\n')) {
    const pair = JSON.parse(line);
    const entry = queries.get(pair.query) ?? { query: pair.query, documents: [], pairs: [] };
    entry.documents.push(pair.document);
    entry.pairs.push(pair);
    queries.set(pair.query, entry);
  }
  return [...queries.values()];
}
