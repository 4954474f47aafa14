/** Ranks what was asked last: a newer question takes the place of one that waits or is under way. */
export class LiveRanking {
  #listeners;
  #timer;
  #controller;

  /**
   * `listeners` has `started`, `counted`, `scored`, `ranked` and `failed`. Each start is followed by one `ranked` or `failed`, or by
   * another start, or by `stop()`.
   */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** Whether a ranking is under way or waits for its time. */
  get busy() {
    return this.#controller !== undefined;
  }

  /** Asks `reranker` after `delay` milliseconds for the passages that `passages()` gives then. */
  ask(reranker, query, passages, delay) {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.#timer = setTimeout(() => this.#run(reranker, query, passages, controller), delay);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = undefined;
  }

  async #run(reranker, query, passages, controller) {
    const { signal } = controller;
    const { started, counted, scored, ranked, failed } = this.#listeners;
    const beginning = performance.now();
    try {
      const texts = passages();
      started();
      const progress = ({ done }) => signal.aborted || counted(done, performance.now() - beginning);
      for await (const result of scores(reranker, query, texts, { signal, onProgress: progress })) {
        if (signal.aborted) return;
        scored(result);
      }
      if (signal.aborted) return;
      const milliseconds = performance.now() - beginning;
      this.#controller = undefined;
      await ranked(milliseconds);
    } catch (error) {
      if (signal.aborted) return;
      this.#controller = undefined;
      failed(error);
    }
  }
}

/** The results as they come: one by one where the package streams, else all at the end. */
async function* scores(reranker, query, passages, options) {
  if (reranker.stream) yield* reranker.stream(query, passages, options);
  else yield* await reranker.rerank(query, passages, options);
}
