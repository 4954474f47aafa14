import { Deferred } from '../common/deferred.js';
import { disposedError, toRerankError } from '../common/errors.js';
import type { Backend, ModelStatistics, TextResult, TextTask } from '../engine/backend.js';

/** The shares of each backend in a call, so that none waits long for the last one. */
const sharesPerBackend = 4;

/** A backend with the number of its calls. */
interface Member {
  backend: Backend;
  calls: number;
}

/**
 * Several models of the same files, each in another worker and another memory. They share the texts of a call: each
 * takes the next few when it is done with the last. Results arrive in the order of the list, as from one model.
 */
export class SeveralBackends implements Backend {
  readonly #members: Member[];
  #disposed = false;

  constructor(backends: Backend[]) {
    this.#members = backends.map((backend) => ({ backend, calls: 0 }));
  }

  async run(task: TextTask): Promise<void> {
    if (this.#disposed) throw disposedError();
    if (task.texts.length < 2) return this.#runBy(this.#leastBusy(), task);
    await new SharedCall(task, this.#members.length).run((part) => this.#runBy(this.#leastBusy(), part));
  }

  async statistics(): Promise<ModelStatistics> {
    const all = await Promise.all(this.#members.map(({ backend }) => backend.statistics()));
    const sum = (of: (statistics: ModelStatistics) => number) => all.reduce((total, it) => total + of(it), 0);
    const [first] = all as [ModelStatistics];
    return { ...first, memoryBytes: sum((it) => it.memoryBytes), threads: sum((it) => it.threads) };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#members.map(({ backend }) => backend.dispose()));
  }

  #leastBusy(): Member {
    return this.#members.reduce((least, member) => (member.calls < least.calls ? member : least));
  }

  async #runBy(member: Member, task: TextTask): Promise<void> {
    member.calls += 1;
    try {
      await member.backend.run(task);
    } finally {
      member.calls -= 1;
    }
  }
}

/** A call while several backends work on its texts. */
class SharedCall {
  readonly #task: TextTask;
  readonly #backends: number;
  readonly #shareLength: number;
  /** Results that wait for those before them in the list, by index. */
  readonly #waiting = new Map<number, TextResult>();
  readonly #controller = new AbortController();
  readonly #answer: Deferred<void>;
  #next = 0;
  #reported = 0;

  constructor(task: TextTask, backends: number) {
    this.#task = task;
    this.#backends = backends;
    const length = task.texts.reduce((sum, text) => sum + text.length, 0);
    this.#shareLength = length / (backends * sharesPerBackend);
    this.#answer = new Deferred(task.signal);
  }

  /** Works on all texts. `give` gives a part of the call to a backend. */
  async run(give: (part: TextTask) => Promise<void>): Promise<void> {
    const takeShares = async () => {
      while (this.#next < this.#task.texts.length && !this.#answer.settled) await give(this.#takeShare());
    };
    const runs = Array.from({ length: this.#backends }, takeShares);
    Promise.all(runs).then(
      () => this.#answer.resolve(),
      (error) => this.#answer.reject(toRerankError(error)),
    );
    try {
      await this.#answer.promise;
    } finally {
      // After an abort or a failure the other backends stop, too.
      this.#controller.abort();
    }
  }

  /** Takes the next texts: about as much text as the other shares have. */
  #takeShare(): TextTask {
    const { texts } = this.#task;
    const start = this.#next;
    for (let length = 0; this.#next < texts.length && length <= this.#shareLength; this.#next += 1) {
      length += texts[this.#next]?.length ?? 0;
    }
    return {
      ...this.#task,
      texts: texts.slice(start, this.#next),
      signal: this.#controller.signal,
      onResult: (result) => this.#receive({ ...result, index: start + result.index }),
    };
  }

  #receive(result: TextResult): void {
    this.#waiting.set(result.index, result);
    for (;;) {
      const next = this.#waiting.get(this.#reported);
      if (!next) return;
      this.#waiting.delete(this.#reported);
      this.#reported += 1;
      this.#answer.report((it) => this.#task.onResult(it), next);
    }
  }
}
