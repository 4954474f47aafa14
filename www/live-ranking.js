/** Ranks the latest question. A newer one replaces a question that waits or is being ranked. */
export class LiveRanking {
  #listeners;
  #timer;
  /** The latest question's controller, also after its ranking has ended. */
  #controller;
  #busy = false;

  /**
   * `listeners` has `started`, `counted`, `scored`, `ranked` and `failed`. After `started` comes one `ranked` or `failed`,
   * unless another start or `stop()` ends the ranking.
   */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** True if a ranking runs or waits for its delay. */
  get busy() {
    return this.#busy;
  }

  /** After `delay` milliseconds, `reranker` ranks the passages that `passages()` returns then. */
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
