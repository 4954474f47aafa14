/** Ranks what was asked last: a newer question takes the place of one that waits or is under way. */
export class LiveRanking {
  #listeners;
  #timer;
  /** That of what was asked last, also when its ranking has ended. */
  #controller;
  #busy = false;

  /**
   * `listeners` has `started`, `counted`, `scored`, `ranked` and `failed`. Each start is followed by one `ranked` or `failed`, or by
   * another start, or by `stop()`.
   */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** Whether a ranking is under way or waits for its time. */
  get busy() {
    return this.#busy;
  }

  /** Asks `reranker` after `delay` milliseconds for the passages that `passages()` gives then. */
  ask(reranker, query, passages, delay) {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.#busy = true;
    this.#timer = setTimeout(() => this.#run(reranker, query, passages, controller), delay);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#busy = false;
  }

  async #run(reranker, query, passages, controller) {
    const { signal } = controller;
    const { started, counted, scored, ranked, failed } = this.#listeners;
    const beginning = performance.now();
    try {
      const texts = passages();
      started();
      const progress = ({ done }) => signal.aborted || counted(done, performance.now() - beginning);
      for await (const result of reranker.stream(query, texts, { signal, onProgress: progress })) {
        if (signal.aborted) return;
        scored(result);
      }
      if (signal.aborted) return;
      const milliseconds = performance.now() - beginning;
      this.#busy = false;
      await ranked(milliseconds);
    } catch (error) {
      if (signal.aborted) return;
      this.#busy = false;
      failed(error);
    }
  }
}
