// Values for the README's snippets. The test copies this file into a project that has the package installed.
import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { documents, query } from './snippet-texts.mjs';

const { MODEL_URL } = process.env;

/** Each function makes the value of its name. `provide` calls only those that a snippet needs. */
const makers = {
  query: () => query,
  documents: () => documents,
  mini: () => mini,
  reranker: () => createReranker({ model: mini }),
  url: () => MODEL_URL,
  show:
    () =>
    (...values) =>
      console.log(...values),
  retriever: makeRetriever,
};

async function makeRetriever() {
  const { Document } = await import('@langchain/core/documents');
  const { BaseRetriever } = await import('@langchain/core/retrievers');
  class FixedRetriever extends BaseRetriever {
    lc_namespace = ['tests'];

    async _getRelevantDocuments() {
      return documents.map((pageContent, page) => new Document({ pageContent, metadata: { page } }));
    }
  }
  return new FixedRetriever();
}

/** Puts the values of these names into the global scope. */
export async function provide(names) {
  for (const name of names) globalThis[name] = await makers[name]();
}
