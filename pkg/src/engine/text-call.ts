import { Deferred } from '../common/deferred.js';
import { type RerankError, toRerankError } from '../common/errors.js';
import { CrashedError, type Instance } from '../instance/instance.js';
import type { TaskText, TextResult, TextTask } from './backend.js';
import { startJob, type TextJob } from './jobs.js';
import type { LoadedModel } from './load.js';

/** A slice of a call has at most so many UTF-16 code units, or is one longer text. */
const sliceLength = 1 << 16;

/** A slice has at most so many texts: enough to fill the groups of short ones that the engine runs together. */
const sliceTexts = 256;

/** A call is taken to crash every instance after so many crashes in a row without a result. */
const mostCrashes = 3;

/** The texts that an instance works on. */
interface Slice {
  instance: Instance;
  job: TextJob;
  texts: number;
  done: number;
}

/**
 * A call on its way through an instance. The instance holds at most a slice of its texts. So many calls at once
 * take little memory, which an instance never returns, and a call can go on in another instance.
 */
export class TextCall {
  readonly #task: TextTask;
  readonly #answer: Deferred<void>;
  #slice: Slice | undefined;
  #done = 0;
  /** Crashes since the last result. */
  #crashes = 0;

  constructor(task: TextTask) {
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

  /** Works on the next text, a window of it, or the next few short ones. */
  step({ instance, model }: LoadedModel): void {
    try {
      this.#slice ??= this.#begin({ instance, model });
      for (const result of this.#take(this.#slice)) this.#answer.report((it) => this.#task.onResult(it), result);
      if (this.#done === this.#task.texts.length) this.#answer.resolve();
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
    const { request, texts } = this.#task;
    const slice = takeSlice(texts, this.#done);
    return { instance, job: instance.call(() => startJob(model, request, slice)), texts: slice.length, done: 0 };
  }

  #take(slice: Slice): TextResult[] {
    const { instance, job, texts } = slice;
    const first = this.#done;
    if (texts > 0) instance.call(() => job.step());
    const results = instance.call(() => job.results(slice.done));
    slice.done += results.length;
    this.#done += results.length;
    if (results.length > 0) this.#crashes = 0;
    if (slice.done === texts) this.release();
    return results.map((result, index) => ({ ...result, index: first + index }));
  }
}

function takeSlice(texts: TaskText[], start: number): TaskText[] {
  let [end, length] = [start, 0];
  for (; end < texts.length && end - start < sliceTexts; end += 1) {
    length += texts[end]?.length ?? 0;
    if (length > sliceLength && end > start) break;
  }
  return texts.slice(start, end);
}
