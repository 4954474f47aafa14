import { Deferred } from '../common/deferred.js';
import { type RerankError, toRerankError } from '../common/errors.js';
import { CrashedError, type Instance } from '../instance/instance.js';
import type { Job } from '../wasm/bindings.js';
import type { ScoredDocument, ScoreTask } from './backend.js';
import type { LoadedModel } from './load.js';

/** A slice of a call has at most so many UTF-16 code units, or is one longer document. */
const sliceLength = 1 << 16;

/** A slice has at most so many documents: enough to fill the groups of short ones that the engine scores together. */
const sliceDocuments = 256;

/** A call is taken to crash every instance after so many crashes in a row without a scored document. */
const mostCrashes = 3;

/** The documents that an instance is scoring. */
interface Slice {
  instance: Instance;
  job: Job;
  documents: number;
  done: number;
}

/**
 * A call on its way through an instance. The instance holds at most a slice of its documents. So many calls at once
 * take little memory, which an instance never returns, and a call can go on in another instance.
 */
export class Scoring {
  readonly #task: ScoreTask;
  readonly #answer: Deferred<void>;
  #slice: Slice | undefined;
  #done = 0;
  /** Crashes since the last scored document. */
  #crashes = 0;

  constructor(task: ScoreTask) {
    this.#task = task;
    this.#answer = new Deferred(task.signal);
  }

  get promise(): Promise<void> {
    return this.#answer.promise;
  }

  get settled(): boolean {
    return this.#answer.settled;
  }

  reject(error: RerankError): void {
    this.#answer.reject(error);
  }

  /** Scores the next document, a window of it, or the next few short ones. */
  step({ instance, model }: LoadedModel): void {
    const { texts, onScored } = this.#task;
    try {
      this.#slice ??= this.#begin({ instance, model });
      for (const document of this.#score(this.#slice)) this.#answer.report(onScored, document);
      if (this.#done === texts.length) this.#answer.resolve();
    } catch (error) {
      // A thread ended early. The backend notices that before the next turn, and may replace the instance.
      if (!(error instanceof CrashedError)) this.reject(toRerankError(error));
    }
  }

  /**
   * Leaves the crashed instance. The call goes on in another one, unless there is none or it seems to crash them all.
   */
  leaveCrashed(isReplaced: boolean): void {
    const slice = this.#slice;
    if (!slice) return;
    this.#crashes += 1;
    if (!isReplaced || this.#crashes === mostCrashes) this.reject(slice.instance.failure);
    this.release();
  }

  /** Frees the call's slice in the instance. An unsettled call can go on. */
  release(): void {
    const slice = this.#slice;
    this.#slice = undefined;
    try {
      if (slice?.instance.usable) slice.instance.call(() => slice.job.free());
    } catch {
      // The instance crashed; the next call notices it.
    }
  }

  #begin({ instance, model }: Pick<LoadedModel, 'instance' | 'model'>): Slice {
    const { query, texts, maxTokens, chunk } = this.#task;
    const documents = takeSlice(texts, this.#done);
    const job = instance.call(() => model.start(query, documents, maxTokens, chunk));
    return { instance, job, documents: documents.length, done: 0 };
  }

  #score(slice: Slice): ScoredDocument[] {
    const { instance, job, documents } = slice;
    const first = this.#done;
    if (documents > 0) instance.call(() => job.step());
    const scored = instance.call(() => job.scored(slice.done));
    slice.done += scored.length;
    this.#done += scored.length;
    if (scored.length > 0) this.#crashes = 0;
    if (slice.done === documents) this.release();
    return scored.map((document, index) => ({ ...document, index: first + index }));
  }
}

function takeSlice(texts: string[], start: number): string[] {
  let [end, length] = [start, 0];
  for (; end < texts.length && end - start < sliceDocuments; end += 1) {
    length += texts[end]?.length ?? 0;
    if (length > sliceLength && end > start) break;
  }
  return texts.slice(start, end);
}
