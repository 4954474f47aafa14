import { createEmbedder, createReranker } from 'rerank-wasm';
import { createSearch, type Search, type SearchHit, type SearchOptions } from 'rerank-wasm/search';

interface Note {
  id: string;
  text: string;
  folder: string;
}

/** Documents with types of the application. */
export async function notes(): Promise<SearchHit<Note>[]> {
  const search: Search<Note> = await createSearch<Note>({ embedder: createEmbedder(), reranker: createReranker() });
  await search.add([{ id: '1', text: 'a', folder: 'b' }], { signal: AbortSignal.timeout(5) });
  await search.update([{ id: '1', folder: 'c' }]);
  // @ts-expect-error A note has a folder.
  await search.add([{ id: '1', text: 'a' }]);
  return search.search('query', { filter: ({ folder }) => folder.startsWith('b'), limit: 5 });
}

/** Documents without types. */
export async function anything(): Promise<unknown> {
  const search = await createSearch({ name: 'notes' });
  await search.add([{ id: '1', text: 'a', folder: 'b', tags: ['c'] }]);
  await search.update([{ id: '1', tags: [] }]);
  for await (const hits of search.stream('query', { filter: ({ folder }) => folder === 'b' })) {
    const [best] = hits;
    return [best?.document.tags, best?.stages.fused?.rank, best?.chunk.start];
  }
  return undefined;
}

declare const rows: Note[];

/** First stages of an application. */
export const firstStages: SearchOptions[] = [
  { retrieve: () => rows },
  { retrieve: async () => [{ id: '1', text: 'a', url: '/', score: 0.5 }] },
  { retrieve: (query, vector, { limit }) => rows.slice(query.length, vector?.length ?? limit) },
];

// @ts-expect-error A document has an id.
export const wrong = async () => (await createSearch({})).add([{ text: 'a' }]);
