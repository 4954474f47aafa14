import { mean, ndcg, order, reciprocalRank } from './metrics.mjs';

/** How well `scores`, a list for each task, put relevant passages first: `{ queries, ndcg, mrr, first }`. */
export function summarise(tasks, scores) {
  const rankings = scores.map(order);
  return {
    queries: tasks.length,
    ndcg: mean(tasks.map(({ relevant }, index) => ndcg(rankings[index], relevant))),
    mrr: mean(tasks.map(({ relevant }, index) => reciprocalRank(rankings[index], relevant))),
    first: tasks.filter(({ relevant }, index) => relevant.includes(rankings[index][0])).length,
  };
}

/** The tasks with short passages and those with long ones, apart: `[{ length, ...summary }]`; a length without tasks is left out. */
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
