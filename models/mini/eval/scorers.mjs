import { windows } from './windows.mjs';

/** Returns one logit for each passage of a task, by the whole passage. The model cuts passages that exceed its length. */
export async function wholeScores(reranker, { query, passages }) {
  const scores = new Array(passages.length);
  for (const { index, logit } of await reranker.rerank(query, passages)) scores[index] = logit;
  return scores;
}

/** Returns each passage's logit by its best window of 85 words. `whole` holds the task's scores by whole passages. */
export async function windowScores(reranker, { query, passages }, whole) {
  const cut = passages.map((passage) => windows(passage));
  // A passage of one window keeps its score as a whole.
  const parts = cut.flatMap((texts, index) => (texts.length > 1 ? texts.map((text) => ({ text, index })) : []));
  const scores = whole.map((score, index) => (cut[index].length > 1 ? Number.NEGATIVE_INFINITY : score));
  for (const { document, logit } of await reranker.rerank(query, parts, { returnDocuments: true })) {
    scores[document.index] = Math.max(scores[document.index], logit);
  }
  return scores;
}
