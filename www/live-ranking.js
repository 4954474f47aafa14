/** Ranks what was asked last: a newer question takes the place of one that waits or is under way. */
export class LiveRanking {
  #rerank;
  #listeners;
  #timer;
  #controller;

  /**
   * `rerank(query, passages, options)` is the package's; `listeners` has `start`, `progress`, `ranked` and `failed`.
   * Each start is followed by one `ranked` or `failed`, or by another start, or by `stop()`.
   */
  constructor(rerank, listeners) {
    this.#rerank = rerank;
    this.#listeners = listeners;
  }

  /** Asks after `delay` milliseconds. */
  ask(query, passages, delay) {
    this.stop();
    this.#timer = setTimeout(() => this.#run(query, passages), delay);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = undefined;
  }

  async #run(query, passages) {
    const controller = new AbortController();
    const { signal } = controller;
    this.#controller = controller;
    const { start, progress, ranked, failed } = this.#listeners;
    start();
    try {
      const started = performance.now();
      const results = await this.#rerank(query, passages, { returnDocuments: true, onProgress: progress, signal });
      const milliseconds = performance.now() - started;
      if (!signal.aborted) await ranked(results, milliseconds);
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
  }
}
