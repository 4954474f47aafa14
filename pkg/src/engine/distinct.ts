import type { Backend, TaskText, TextRequest, TextTask } from './backend.js';
import { InOrder } from './in-order.js';

/** Runs each distinct text of a task once. The task receives a result for every text, in the order of the list. */
export async function runDistinct<Request extends TextRequest>(
  backend: Pick<Backend, 'run'>,
  task: TextTask<Request>,
): Promise<void> {
  const places = new Map<TaskText, number>();
  for (const text of task.texts) if (!places.has(text)) places.set(text, places.size);
  if (places.size === task.texts.length) return backend.run(task);
  const order = new InOrder(
    task.texts.map((text) => places.get(text) as number),
    task.onResult,
  );
  const distinct: TextTask<Request> = {
    ...task,
    texts: [...places.keys()],
    onResult: (result) => order.add(result.index, result),
  };
  return backend.run(distinct);
}
