import { throwIfAborted } from '../common/errors.js';
import type { ScoredDocument, ScoreTask } from '../engine/backend.js';

/**
 * Yields the documents of a task as they get their scores. Scoring begins with the first request for a document and
 * does not wait for a slow loop. A loop that ends early ends the task.
 *
 * @throws the error of `score`, before documents that still wait
 */
export async function* streamScores(
  score: (task: ScoreTask) => Promise<void>,
  task: ScoreTask,
): AsyncGenerator<ScoredDocument, void, undefined> {
  const stop = new AbortController();
  const follow = () => stop.abort(task.signal?.reason);
  if (task.signal?.aborted) follow();
  task.signal?.addEventListener('abort', follow);
  const waiting: ScoredDocument[] = [];
  let end: { error?: unknown } | undefined;
  let wake = () => {};
  const onResult = (document: ScoredDocument) => {
    task.onResult(document);
    waiting.push(document);
    wake();
  };
  const finish = (how: { error?: unknown }) => {
    end = how;
    wake();
  };
  score({ ...task, signal: stop.signal, onResult }).then(
    () => finish({}),
    (error) => finish({ error }),
  );
  try {
    for (;;) {
      throwIfAborted(stop.signal);
      if (end?.error !== undefined) throw end.error;
      const document = waiting.shift();
      if (document) yield document;
      else if (end) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    task.signal?.removeEventListener('abort', follow);
    stop.abort();
  }
}
