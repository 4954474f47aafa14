import { windows } from './windows.mjs';

/** One score for each passage of a task, by the whole passage; a longer one than the model takes is cut at the end. */
export async function wholeScores(reranker, { query, passages }) {
  return scatter(await reranker.rerank(query, passages), passages.length);
}

/** One score for each passage of a task: that of its best window of 85 words. */
export async function windowScores(reranker, { query, passages }) {
  const parts = passages.flatMap((passage, index) => windows(passage).map((text) => ({ text, index })));
  const scores = new Array(passages.length).fill(Number.NEGATIVE_INFINITY);
  const ranked = await reranker.rerank(query, parts, { returnDocuments: true });
  for (const { document, logit } of ranked) scores[document.index] = Math.max(scores[document.index], logit);
  return scores;
}

function scatter(results, count) {
  const scores = new Array(count);
  for (const { index, logit } of results) scores[index] = logit;
  return scores;
}
