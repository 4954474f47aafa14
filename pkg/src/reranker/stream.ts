import { throwIfAborted } from '../common/errors.js';
import type { ScoredDocument, ScoreTask } from '../engine/backend.js';

/**
 * The documents of a task as they get their scores, which begins with the first that is asked for. The engine does not
 * wait for who takes them. Whoever stops taking them ends the task.
 *
 * @throws what `score` rejects with, before documents that still wait to be taken
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
  const onScored = (document: ScoredDocument) => {
    task.onScored(document);
    waiting.push(document);
    wake();
  };
  const finish = (how: { error?: unknown }) => {
    end = how;
    wake();
  };
  score({ ...task, signal: stop.signal, onScored }).then(
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
