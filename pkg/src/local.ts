import type { Backend, ScoreTask } from './backend.js';
import { Deferred } from './deferred.js';
import { disposedError, toRerankError } from './errors.js';
import type { LoadedModel } from './load.js';
import type { Platform } from './platform.js';
import type { RerankerStatistics } from './types.js';
import type { Job, RankedDocument } from './wasm/bindings.js';

interface Call {
  task: ScoreTask;
  answer: Deferred<RankedDocument[]>;
}

/** A model in this thread. A long document or a few short ones are scored at a time, and the event loop turns before. */
export class LocalBackend implements Backend {
  readonly #platform: Platform;
  #model: LoadedModel | undefined;
  #calls: Call[] = [];
  #server: Promise<void> | undefined;

  constructor(model: LoadedModel, platform: Platform) {
    this.#model = model;
    this.#platform = platform;
  }

  async score(task: ScoreTask): Promise<RankedDocument[]> {
    if (!this.#model) throw disposedError();
    const answer = new Deferred<RankedDocument[]>(task.signal);
    this.#calls.push({ task, answer });
    this.#server ??= this.#serveAll();
    return answer.promise;
  }

  async statistics(): Promise<RerankerStatistics> {
    if (!this.#model) throw disposedError();
    const { name, runtime, engine } = this.#model;
    return { model: name, maxTokens: runtime.call(() => engine.maxTokens), memoryBytes: runtime.memoryBytes };
  }

  async dispose(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    for (const { answer } of this.#calls) answer.reject(disposedError());
    await this.#server;
    if (model?.runtime.usable) model.runtime.call(() => model.engine.free());
  }

  async #serveAll(): Promise<void> {
    for (let call = this.#calls[0]; call; call = this.#calls[0]) {
      if (this.#model) await this.#serve(call, this.#model);
      this.#calls.shift();
    }
    this.#server = undefined;
  }

  async #serve({ task, answer }: Call, { runtime, engine }: LoadedModel): Promise<void> {
    const { texts } = task;
    let job: Job | undefined;
    try {
      await this.#platform.pause();
      if (answer.settled) return;
      const started = runtime.call(() => engine.start(task.query, texts, task.maxTokens, task.chunk));
      job = started;
      for (let done = 0; done < texts.length; ) {
        runtime.call(() => started.step());
        const scored = runtime.call(() => started.scored(done));
        for (const _ of scored) answer.report(task.onProgress, { done: ++done, total: texts.length });
        await this.#platform.pause();
        if (answer.settled) return;
      }
      job = undefined;
      answer.resolve(runtime.call(() => started.finish(task.topN)));
    } catch (error) {
      answer.reject(toRerankError(error));
    } finally {
      const abandoned = job;
      if (abandoned && runtime.usable) runtime.call(() => abandoned.free());
    }
  }
}
