import type { Backend, ScoreTask } from '../engine/backend.js';
import { InOrder } from './in-order.js';

/** Scores each distinct text of a task once. The task receives every document all the same, in the order of the list. */
export async function scoreDistinct(backend: Pick<Backend, 'score'>, task: ScoreTask): Promise<void> {
  const places = new Map<string, number>();
  for (const text of task.texts) if (!places.has(text)) places.set(text, places.size);
  if (places.size === task.texts.length) return backend.score(task);
  const order = new InOrder(
    task.texts.map((text) => places.get(text) as number),
    task.onScored,
  );
  return backend.score({
    ...task,
    texts: [...places.keys()],
    onScored: (document) => order.add(document.index, document),
  });
}
