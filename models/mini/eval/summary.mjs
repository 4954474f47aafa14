import { mean, ndcg, order, reciprocalRank } from './metrics.mjs';

/** Measures how well `scores`, a list for each task, put relevant passages first: `{ queries, ndcg, mrr, first }`. */
export function summarise(tasks, scores) {
  const rankings = scores.map(order);
  return {
    queries: tasks.length,
    ndcg: mean(tasks.map(({ relevant }, index) => ndcg(rankings[index], relevant))),
    mrr: mean(tasks.map(({ relevant }, index) => reciprocalRank(rankings[index], relevant))),
    first: tasks.filter(({ relevant }, index) => relevant.includes(rankings[index][0])).length,
  };
}

/** Summarises tasks with short and with long passages apart: `[{ length, ...summary }]`, without a length of no tasks. */
export function summariseByLength(tasks, scores) {
  return [false, true].flatMap((long) => {
    const chosen = [...tasks.keys()].filter((index) => tasks[index].isLong === long);
    if (chosen.length === 0) return [];
    const part = summarise(
      chosen.map((index) => tasks[index]),
      chosen.map((index) => scores[index]),
    );
    return [{ length: long ? 'long' : 'short', ...part }];
  });
}
