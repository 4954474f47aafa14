import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { createEmbedder, createReranker } from 'rerank-wasm';
import { createSearch } from 'rerank-wasm/search';
import mini from 'rerank-wasm-mini';
import recall from 'rerank-wasm-recall';

const notes = {
  billing: 'You may cancel your plan at any time, and pay nothing from the next month on.',
  trains: 'The last train to Ghent leaves at ten to midnight.',
  bread: 'Let the dough rise in a warm place until it has doubled.',
};
const embedder = await createEmbedder({ model: recall });
const reranker = await createReranker({ model: mini });
// The argument names what keeps the database: a directory, or in a page `idb://notes`. Without one it is in memory.
const database = await PGlite.create(globalThis.process?.argv[2], { extensions: { vector } });
await database.exec(`CREATE EXTENSION IF NOT EXISTS vector;
  CREATE TABLE IF NOT EXISTS notes (id text PRIMARY KEY, text text, embedding vector(384));
  CREATE INDEX IF NOT EXISTS nearest ON notes USING hnsw (embedding vector_cosine_ops);
  SET hnsw.ef_search = 100`);
const { embeddings } = await embedder.embed(Object.values(notes), { kind: 'document' });
const insert = 'INSERT INTO notes VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET text = $2, embedding = $3';
const written = (each) => JSON.stringify(Array.from(each));
for (const [index, [id, text]] of Object.entries(notes).entries())
  await database.query(insert, [id, text, written(embeddings[index])]);

const nearest = 'SELECT id, text, 1 - (embedding <=> $1) AS score FROM notes ORDER BY embedding <=> $1 LIMIT $2';
const retrieve = async (_, near, { limit }) => (await database.query(nearest, [written(near), limit])).rows;
const search = await createSearch({ embedder, reranker, retrieve });
const [best] = await search.search('how do I end my subscription?');
console.log(`${best.id}: ${best.document.text}`);
await Promise.all([embedder.dispose(), reranker.dispose(), database.close()]);
