import { Deferred } from '../common/deferred.js';
import { disposedError, toRerankError } from '../common/errors.js';
import type { RerankerStatistics } from '../common/types.js';
import type { Backend, ScoredDocument, ScoreTask } from '../engine/backend.js';

/** The shares of each backend in a call, so that none waits long for the last one. */
const sharesPerBackend = 4;

/** A backend with the number of its calls. */
interface Member {
  backend: Backend;
  calls: number;
}

/**
 * Several models of the same files, each in another worker and another memory. They share the documents of a call: each
 * takes the next few when it is done with the last. Scores arrive in the order of the list, as from one model.
 */
export class SeveralBackends implements Backend {
  readonly #members: Member[];
  #disposed = false;

  constructor(backends: Backend[]) {
    this.#members = backends.map((backend) => ({ backend, calls: 0 }));
  }

  async score(task: ScoreTask): Promise<void> {
    if (this.#disposed) throw disposedError();
    if (task.texts.length < 2) return this.#scoreBy(this.#leastBusy(), task);
    await new SharedCall(task, this.#members.length).run((part) => this.#scoreBy(this.#leastBusy(), part));
  }

  async statistics(): Promise<RerankerStatistics> {
    const all = await Promise.all(this.#members.map(({ backend }) => backend.statistics()));
    const sum = (of: (statistics: RerankerStatistics) => number) => all.reduce((total, it) => total + of(it), 0);
    const [first] = all as [RerankerStatistics];
    return { ...first, memoryBytes: sum((it) => it.memoryBytes), threads: sum((it) => it.threads) };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#members.map(({ backend }) => backend.dispose()));
  }

  #leastBusy(): Member {
    return this.#members.reduce((least, member) => (member.calls < least.calls ? member : least));
  }

  async #scoreBy(member: Member, task: ScoreTask): Promise<void> {
    member.calls += 1;
    try {
      await member.backend.score(task);
    } finally {
      member.calls -= 1;
    }
  }
}

/** A call while several backends score its documents. */
class SharedCall {
  readonly #task: ScoreTask;
  readonly #backends: number;
  readonly #shareLength: number;
  /** Documents with scores that wait for those before them in the list, by index. */
  readonly #waiting = new Map<number, ScoredDocument>();
  readonly #controller = new AbortController();
  readonly #answer: Deferred<void>;
  #next = 0;
  #reported = 0;

  constructor(task: ScoreTask, backends: number) {
    this.#task = task;
    this.#backends = backends;
    const length = task.texts.reduce((sum, text) => sum + text.length, 0);
    this.#shareLength = length / (backends * sharesPerBackend);
    this.#answer = new Deferred(task.signal);
  }

  /** Scores all documents. `score` gives a part of the call to a backend. */
  async run(score: (part: ScoreTask) => Promise<void>): Promise<void> {
    const takeShares = async () => {
      while (this.#next < this.#task.texts.length && !this.#answer.settled) await score(this.#takeShare());
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

  /** Takes the next documents: about as much text as the other shares have. */
  #takeShare(): ScoreTask {
    const { texts } = this.#task;
    const start = this.#next;
    for (let length = 0; this.#next < texts.length && length <= this.#shareLength; this.#next += 1) {
      length += texts[this.#next]?.length ?? 0;
    }
    return {
      ...this.#task,
      texts: texts.slice(start, this.#next),
      signal: this.#controller.signal,
      onScored: (document) => this.#receive({ ...document, index: start + document.index }),
    };
  }

  #receive(document: ScoredDocument): void {
    this.#waiting.set(document.index, document);
    for (;;) {
      const next = this.#waiting.get(this.#reported);
      if (!next) return;
      this.#waiting.delete(this.#reported);
      this.#reported += 1;
      this.#answer.report(this.#task.onScored, next);
    }
  }
}
