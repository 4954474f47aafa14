import { similarity } from 'rerank-wasm';
import { createSearch } from 'rerank-wasm/search';

import { mean, ndcg, order } from './metrics.mjs';

/** How many passages a stage passes on. Recall is measured at this depth. */
const depth = 50;

/**
 * Searches a set in two stages and returns the ranking of each way for each query: `{ name: rankings }`. A ranking holds
 * indices of passages, best first.
 */
export async function rankInStages({ passages, queries }, { embedder, reranker }) {
  const documents = passages.map((text, index) => ({ id: String(index), text }));
  const byKeywords = await createSearch({ reranker });
  const byBoth = await createSearch({ embedder, reranker });
  const { embeddings } = await embedder.embed(passages, { kind: 'document' });
  await byKeywords.add(documents);
  await byBoth.add(documents);
  const rankings = { keywords: [], vectors: [], hybrid: [], 'keywords + rerank': [], 'hybrid + rerank': [] };
  for (const { query } of queries) {
    const [keywords, reranked] = await lists(byKeywords, query);
    rankings.keywords.push(keywords);
    rankings['keywords + rerank'].push(reranked);
    rankings.vectors.push(await nearest(embedder, embeddings, query));
    const [, hybrid, best] = await lists(byBoth, query);
    rankings.hybrid.push(hybrid);
    rankings['hybrid + rerank'].push(best);
  }
  await byKeywords.dispose();
  await byBoth.dispose();
  return rankings;
}

/** Returns each list of a search as indices. */
async function lists(search, query) {
  const found = [];
  for await (const hits of search.stream(query, { limit: depth, candidates: depth })) {
    found.push(hits.map(({ id }) => Number(id)));
  }
  return found;
}

async function nearest(embedder, embeddings, query) {
  const {
    embeddings: [vector],
  } = await embedder.embed([query], { kind: 'query' });
  return order(embeddings.map((each) => similarity(vector, each))).slice(0, depth);
}

/** Measures rankings: `{ queries, ndcg, recall }`, with nDCG of ten places and the share of relevant passages in 50. */
export function measure(queries, rankings) {
  const recall = ({ relevant }, ranking) =>
    relevant.filter((index) => ranking.slice(0, depth).includes(index)).length / relevant.length;
  return {
    queries: queries.length,
    ndcg: mean(queries.map(({ relevant }, index) => ndcg(rankings[index], relevant))),
    recall: mean(queries.map((query, index) => recall(query, rankings[index]))),
  };
}
