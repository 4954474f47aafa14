import { search as ask, create, insertMultiple } from '@orama/orama';
import { createEmbedder, createReranker } from 'rerank-wasm';
import { createSearch } from 'rerank-wasm/search';
import mini from 'rerank-wasm-mini';
import recall from 'rerank-wasm-recall';

const texts = [
  'You may cancel your plan at any time, and pay nothing from the next month on.',
  'The last train to Ghent leaves at ten to midnight.',
  'Let the dough rise in a warm place until it has doubled.',
];
const embedder = await createEmbedder({ model: recall });
const reranker = await createReranker({ model: mini });
const database = create({ schema: { text: 'string', embedding: 'vector[384]' } });
const { embeddings } = await embedder.embed(texts, { kind: 'document' });
const documents = texts.map((text, index) => ({ text, embedding: Array.from(embeddings[index]) }));
await insertMultiple(database, documents);

async function retrieve(term, near, { limit }) {
  const vector = { value: Array.from(near), property: 'embedding' };
  const { hits } = await ask(database, { mode: 'hybrid', term, vector, similarity: 0.2, limit });
  return hits.map(({ id, score, document }) => ({ id, score, text: document.text }));
}
const search = await createSearch({ embedder, reranker, retrieve });
const [best] = await search.search('how do I end my subscription?');
console.log(best.document.text);
await Promise.all([embedder.dispose(), reranker.dispose()]);
